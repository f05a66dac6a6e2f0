/**
 * The way up: from a configured server to one that accepts connections, with the log lines of redis-server in their
 * order. Whoever embeds a server and whoever runs the binary come through here.
 */
import type { Listeners, ListenPlan } from './listeners.ts';
import type { Server } from './server.ts';
import { loadUsers } from './acl/user-lines.ts';
import { REDIS_VERSION } from './config/config-error.ts';

export interface StartUpOptions {
  /** Listen on a free port if `port` is 0, instead of on none. */
  readonly anyPort: boolean;
  /** Print the banner in place of the "Running mode" line, even where `always-show-logo` says no. */
  readonly terminal: boolean;
  /** How the program was called, when it was called without any argument; else null. */
  readonly withoutConfiguration: string | null;
  /** Whether what is on disk is loaded: yes, if absent. */
  readonly loads?: boolean;
}

/** Called once with null when connections are accepted, or with the text that the log ends with. */
export type StartUpDone = (error: string | null) => void;

export function startUp(server: Server, options: StartUpOptions, done: StartUpDone): void {
  const { log, listeners } = server;
  log.warning('oO0OoO0OoO0Oo Redis is starting oO0OoO0OoO0Oo');
  log.warning(
    `Redis version=${REDIS_VERSION}, bits=64, commit=00000000, modified=0, pid=${server.host.system.pid}, just started`,
  );
  log.warning(
    options.withoutConfiguration === null
      ? 'Configuration loaded'
      : `Warning: no config file specified, using the default config. In order to specify a config file use ${options.withoutConfiguration} /path/to/redis.conf`,
  );
  log.role = server.config.sentinel ? 'X' : server.hooks.replication?.isReplica === true ? 'S' : 'M';
  log.notice('monotonic clock: POSIX clock_gettime');
  const errors = loadUsers(server, server.directives?.users ?? []);
  if (errors.length > 0) {
    for (const error of errors) log.warning(error);
    done(errors[0]!);
    return;
  }
  listeners.open(listenPlan(server, options.anyPort), (error) => {
    if (error !== null) {
      log.warning(error);
      done(error);
      return;
    }
    if (listeners.hasTcp) server.config.assign('port', String(listeners.port));
    joinCluster(server, options.anyPort, (refusal) => {
      if (refusal !== null) {
        log.warning(refusal);
        done(refusal);
        return;
      }
      announce(server, listeners, options.terminal);
      server.cron.start();
      if (server.hooks.sentinel !== null) {
        server.hooks.sentinel.start();
        done(null);
      } else loadDataset(server, options.loads ?? true, done);
    });
  });
}

function joinCluster(server: Server, anyPort: boolean, done: StartUpDone): void {
  const { cluster } = server.hooks;
  if (cluster === null) done(null);
  else cluster.start(anyPort, done);
}

/** Clients that come meanwhile are told -LOADING. */
function loadDataset(server: Server, loads: boolean, done: StartUpDone): void {
  const finish = (failure: string | null): void => {
    const error = failure ?? server.hooks.cluster?.datasetLoaded() ?? null;
    if (error !== null && failure === null) server.log.warning(error);
    if (error === null) announceReady(server, server.listeners);
    done(error);
  };
  if (loads) server.persistence.load(finish);
  else finish(null);
}

export function listenPlan(server: Server, anyPort: boolean): ListenPlan {
  const { values } = server.config;
  return {
    bind: values.bind,
    port: values.port,
    anyPort,
    backlog: values['tcp-backlog'],
    unixSocket: values.unixsocket,
    unixPermissions: values.unixsocketperm,
  };
}

function announce(server: Server, listeners: Listeners, terminal: boolean): void {
  const { log, config } = server;
  const { values } = config;
  const mode = server.mode;
  if (values['always-show-logo'] || (terminal && values.logfile === '' && !values['syslog-enabled'])) {
    log.raw(banner(mode, listeners.port, server.host.system.pid));
  } else log.notice(`Running mode=${mode}, port=${listeners.port}.`);
  if (!config.sentinel) log.warning('Server initialized');
}

function announceReady(server: Server, listeners: Listeners): void {
  const { log, config } = server;
  const { values } = config;
  if (listeners.hasTcp) log.notice('Ready to accept connections');
  if (listeners.hasUnix) log.notice(`The server is now ready to accept connections at ${values.unixsocket}`);
  const limit = values.maxmemory;
  if (limit > 0 && limit < 1024 * 1024) {
    log.warning(
      `WARNING: You specified a maxmemory value that is less than 1MB (current value is ${limit} bytes). Are you sure this is what you really want?`,
    );
  }
}

/** Three nodes and the links between them. Supervising scripts look for the PID in it. */
function banner(mode: string, port: number, pid: number): string {
  return `
        (o)             resplica, Redis ${REDIS_VERSION} (00000000/0) 64 bit
       /   \\
      /     \\           Running in ${mode} mode
    (o)-----(o)         Port: ${port}
                        PID: ${pid}
`;
}
