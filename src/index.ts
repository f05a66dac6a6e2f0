/** resplica: a Redis server that you can embed. See the README for a tour, docs/ARCHITECTURE.md for the house. */
export { ErrorReply, type ReplyValue } from './client/reply-parser.ts';
export { type ErrorCode, ResplicaError } from './topology/errors.ts';
export {
  type CommandArgument,
  type ServerClock,
  ServerHandle,
  type ServerOptions,
  startServer,
} from './topology/server.ts';
