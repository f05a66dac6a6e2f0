/**
 * What is written into the log before a process of its own ends by a crash, so that whoever finds it dead can see why
 * (debug.c sigsegvHandler, _serverPanic, printCrashReport): what happened, where, INFO, the clients, the client whose command
 * it was, and the parameters that are worth knowing.
 */
import { repr } from '../../core/repr.ts';
import type { Call } from '../call.ts';
import { clientInfo } from '../client-info.ts';
import { REDIS_VERSION } from '../config/config-error.ts';
import type { ParameterName } from '../config/parameters.ts';
import type { Server } from '../server.ts';

export interface Crash {
  /** Log lines that say what happened. */
  readonly what: readonly string[];
  readonly stack: string;
  /** What is being carried out, if a command is to blame. */
  readonly call?: Call;
}

const BEGIN = '=== REDIS BUG REPORT START: Cut & paste starting from here ===';
const END = '=== REDIS BUG REPORT END. Make sure to include from START to END. ===';
const SHOWN_ARGUMENT_LENGTH_MAX = 128;
/** Those that config.c marks with DEBUG_CONFIG. */
const TELLING_PARAMETERS: readonly ParameterName[] = [
  'io-threads-do-reads',
  'lazyfree-lazy-eviction',
  'lazyfree-lazy-expire',
  'lazyfree-lazy-server-del',
  'lazyfree-lazy-user-del',
  'lazyfree-lazy-user-flush',
  'repl-diskless-sync',
  'replica-read-only',
  'activedefrag',
  'repl-diskless-load',
  'sanitize-dump-payload',
  'io-threads',
  'list-compress-depth',
  'proto-max-bulk-len',
  'client-query-buffer-limit',
];

export function crashedBySignal(signal: number): string {
  return `Redis ${REDIS_VERSION} crashed by signal: ${signal}`;
}

/** With `crash-log-enabled no` it only says what happened. */
export function reportCrash(server: Server, crash: Crash): void {
  const { log, config } = server;
  log.raw(`\n\n${BEGIN}`);
  for (const line of crash.what) log.warning(line);
  if (config.values['crash-log-enabled']) {
    section(server, 'STACK TRACE', crash.stack);
    section(server, 'INFO OUTPUT', server.info.text(['all']));
    section(server, 'CLIENT LIST OUTPUT', [...server.sessions.values()].map(clientInfo).join('\n'));
    if (crash.call !== undefined) section(server, 'CURRENT CLIENT INFO', currentClient(crash.call));
    const parameters = TELLING_PARAMETERS.map((name) => `${name} ${config.text(name)}`);
    section(server, 'CONFIG DEBUG OUTPUT', parameters.join('\n'));
  }
  log.raw(`\n${END}\n`);
}

function section({ log }: Server, title: string, text: string): void {
  log.raw(`\n------ ${title} ------\n${text}`);
}

function currentClient({ session, args }: Call): string {
  const lines = Array.from({ length: args.count }, (_, i) => {
    return `argv[${i}]: '${repr(args.text(i).slice(0, SHOWN_ARGUMENT_LENGTH_MAX))}'`;
  });
  return [clientInfo(session), ...lines].join('\n');
}
