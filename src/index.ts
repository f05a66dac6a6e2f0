/** resplica: a Redis server that you can embed. See the README for a tour, docs/ARCHITECTURE.md for the house. */
export { ErrorReply, type ReplyValue } from './client/reply-parser.ts';
export type { Host } from './host/host.ts';
export { bootSentinel, type SentinelConfiguration } from './topology/boot-sentinel.ts';
export { bootServer, type BootServerOptions } from './topology/boot-server.ts';
export type { ClientStream } from './topology/client-stream.ts';
export type { CommandArgument } from './topology/direct-client.ts';
export { type ErrorCode, ResplicaError } from './topology/errors.ts';
export type { DirectiveValue, ServerOptions } from './topology/options.ts';
export type { WatchedMaster } from './topology/sentinel-options.ts';
export { type ServerClock, ServerHandle, startServer } from './topology/server.ts';
