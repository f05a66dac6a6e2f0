/**
 * A server in sentinel mode: what connects a sentinel with the server that it lives in. The server brings connections,
 * users, log, subscribers and the configuration file; it has no dataset.
 *
 * The order of events: `attachSentinel` when the server is made, `load` before it listens, `start` once it does.
 */
import { bytesOf } from '../core/latin1.ts';
import { pathOfBinary } from '../server/config/paths.ts';
import { rewriteConfigFile } from '../server/config/rewrite.ts';
import { userLines } from '../server/acl/user-lines.ts';
import type { SentinelHook } from '../server/hooks.ts';
import type { Server } from '../server/server.ts';
import { sentinelLines } from './config/lines.ts';
import { loadDirectives, namedHosts } from './config/load.ts';
import type { SentinelNode } from './commands/node.ts';
import type { Settings } from './machine.ts';
import { Scripts, type ScriptSurroundings } from './scripts.ts';
import { Sentinel, type SentinelEvent } from './sentinel.ts';
import type { SentinelState } from './state.ts';

export interface AttachOptions {
  /** SENTINEL SIMULATE-FAILURE ends the process with this status. */
  exit(code: number): void;
}

/** @returns what the commands of `sentinelFamilies` work on. */
export function attachSentinel(server: Server, { exit }: AttachOptions): SentinelNode {
  const { config, host, log, pubsub } = server;
  const sentinel: Sentinel = new Sentinel({
    host,
    settings: settingsOf(server),
    log: (level, text) => log.write(level, text),
    publish: (channel, payload) => void pubsub.publish(bytesOf(channel), bytesOf(payload)),
    save: (state) => save(server, state),
    schedule: (script) => scripts.schedule(script),
    exit,
  });
  const { machine } = sentinel;
  const scripts = new Scripts({
    processes: scriptProcesses(server),
    periods: machine.state.periods,
    nowMs: () => machine.nowMs,
    enter: (run) => void sentinel.enter(run),
    event: (level, type, payload) => {
      machine.log(level, `${type} ${payload}`);
      if (level !== 'debug') machine.publish(type, payload);
    },
  });
  const isExecutable = (path: string): boolean => host.processes.isExecutable(config.path(path));
  server.hooks.sentinel = new Attachment(server, sentinel, scripts, isExecutable);
  return { sentinel, machine, scripts, isExecutable };
}

/** Scripts are found, and find themselves, in the directory that the configuration names. */
function scriptProcesses({ config, host: { processes } }: Server): ScriptSurroundings['processes'] {
  return {
    start: (path, args, done) =>
      processes.start(config.path(path), args.map(pathOfBinary), done, pathOfBinary(config.values.dir)),
  };
}

class Attachment implements SentinelHook {
  readonly #server: Server;
  readonly #sentinel: Sentinel;
  readonly #scripts: Scripts;
  readonly #isExecutable: (path: string) => boolean;

  constructor(server: Server, sentinel: Sentinel, scripts: Scripts, isExecutable: (path: string) => boolean) {
    this.#server = server;
    this.#sentinel = sentinel;
    this.#scripts = scripts;
    this.#isExecutable = isExecutable;
  }

  get hz(): number {
    return this.#sentinel.hz;
  }

  set hz(value: number) {
    this.#sentinel.hz = value;
  }

  load(done: (error: Error | null) => void): void {
    const directives = this.#server.directives?.sentinel ?? [];
    const { names, machine } = this.#sentinel;
    const hosts = namedHosts(directives);
    let left = hosts.length + 1;
    const resolved = (): void => {
      if (--left > 0) return;
      try {
        this.#sentinel.enter(() => loadDirectives(directives, machine, { isExecutable: this.#isExecutable }));
      } catch (error) {
        done(error as Error);
        return;
      }
      done(null);
    };
    for (const host of hosts) names.withAddress(host, resolved);
    resolved();
  }

  start(): void {
    this.#sentinel.start();
    this.#server.cronDuties.push(() => void this.#sentinel.enter(() => this.#scripts.tick()));
  }

  stop(): void {
    this.#scripts.stop();
    this.#sentinel.stop();
  }

  observe(observer: (event: SentinelEvent) => void): () => void {
    return this.#sentinel.observe(observer);
  }
}

function settingsOf({ config, listeners }: Server): Settings {
  const { values } = config;
  return {
    get port() {
      return listeners.port || values.port;
    },
    get requirePass() {
      return values.requirepass;
    },
    get sourceHost() {
      return values['bind-source-addr'];
    },
  };
}

/** A sentinel without a file keeps nothing. @returns what went wrong, or null. */
function save({ host, config, acl }: Server, state: SentinelState): string | null {
  if (config.file === null) return null;
  return rewriteConfigFile(host, config, [...userLines(acl), ...sentinelLines(state)]);
}

/** Why a sentinel cannot start with its file, as the log says it; null if it can. */
export function configFileProblem(server: Pick<Server, 'config' | 'host'>): string | null {
  const { config, host } = server;
  if (config.file === null) return 'Sentinel needs config file on disk to save state. Exiting...';
  try {
    host.disk.open(config.file, 'append').close();
    return null;
  } catch (error) {
    return `Sentinel config file ${config.file} is not writable: ${(error as Error).message}. Exiting...`;
  }
}
