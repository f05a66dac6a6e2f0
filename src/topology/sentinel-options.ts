/** Options of a sentinel, and the file that they stand for. */
import { repr } from '../core/repr.ts';
import { ResplicaError } from './errors.ts';
import { configText, type ServerOptions } from './options.ts';

export interface WatchedMaster {
  readonly name: string;
  /** An address; a name only with `resolveHostnames`. */
  readonly host: string;
  /** By default 6379. */
  readonly port?: number;
  /** How many sentinels have to hold it for down before it is failed over. */
  readonly quorum: number;
  readonly downAfterMs?: number;
  readonly failoverTimeoutMs?: number;
  readonly parallelSyncs?: number;
  /** What master and replicas are logged in to with. */
  readonly password?: string;
  readonly user?: string;
}

export interface SentinelConfiguration extends Pick<ServerOptions, 'host' | 'port' | 'password' | 'config'> {
  readonly masters: readonly WatchedMaster[];
  readonly resolveHostnames?: boolean;
  readonly announceHostnames?: boolean;
  /** Further lines of sentinel.conf, as they are. */
  readonly lines?: readonly string[];
}

const PORT = 26_379;
const MASTER_PORT = 6379;
const KNOWN = new Set([
  'host',
  'port',
  'password',
  'config',
  'masters',
  'resolveHostnames',
  'announceHostnames',
  'lines',
] satisfies (keyof SentinelConfiguration)[]) as ReadonlySet<string>;

/** @throws ResplicaError ERR_BAD_OPTION */
export function checkSentinelOptions(options: SentinelConfiguration): void {
  for (const name of Object.keys(options)) {
    if (KNOWN.has(name)) continue;
    throw new ResplicaError(
      'ERR_BAD_OPTION',
      `There is no option "${name}" of a sentinel; there are ${[...KNOWN].join(', ')}.`,
    );
  }
  if (!Array.isArray(options.masters)) {
    throw new ResplicaError('ERR_BAD_OPTION', 'Option "masters" must be a list of masters.');
  }
  for (const { name, host, quorum } of options.masters) {
    if (isWord(name) && isWord(host) && Number.isInteger(quorum)) continue;
    throw new ResplicaError('ERR_BAD_OPTION', 'Option "masters" must give each master a name, a host and a quorum.');
  }
}

/** sentinel.conf, as a binary string. */
export function sentinelText(options: SentinelConfiguration): string {
  const { masters, resolveHostnames = false, announceHostnames = false, lines = [], ...server } = options;
  return `${[
    ...serverLines(server),
    ...(resolveHostnames ? ['sentinel resolve-hostnames yes'] : []),
    ...(announceHostnames ? ['sentinel announce-hostnames yes'] : []),
    ...masters.flatMap(masterLines),
    ...lines,
  ].join('\n')}\n`;
}

/** What holds for any server, without what a sentinel does not keep. */
function serverLines({ host = '0.0.0.0', port = PORT, ...others }: ServerOptions): string[] {
  const lines = configText({ ...others, host, port }).split('\n');
  return lines.filter((line) => !/^(?:save|repl-diskless-sync-delay) /.test(line));
}

function masterLines(master: WatchedMaster): string[] {
  const { name, host, port = MASTER_PORT, quorum } = master;
  const optional = (directive: string, value: string | number | undefined): string[] =>
    value === undefined ? [] : [`sentinel ${directive} ${name} ${value}`];
  const word = (text: string | undefined): string | undefined =>
    text === undefined ? undefined : repr(Buffer.from(text, 'utf8').toString('latin1'));
  return [
    `sentinel monitor ${name} ${host} ${port} ${quorum}`,
    ...optional('down-after-milliseconds', master.downAfterMs),
    ...optional('failover-timeout', master.failoverTimeoutMs),
    ...optional('parallel-syncs', master.parallelSyncs),
    ...optional('auth-pass', word(master.password)),
    ...optional('auth-user', word(master.user)),
  ];
}

function isWord(value: unknown): boolean {
  return typeof value === 'string' && /^[^\s"'#]+$/.test(value);
}
