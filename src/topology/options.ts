/** Options of `startServer`, checked, and as lines of redis.conf. */
import { repr } from '../core/repr.ts';
import { ResplicaError } from './errors.ts';
import { checkByRules, CLOCK_RULE, describe, isRecord, isString, type OptionRules } from './option-rules.ts';

type Word = string | number | boolean;

/**
 * Value of a directive. A list gives it several arguments: `{ 'rename-command': ['FLUSHALL', ''] }`; a list of lists
 * gives it several times.
 */
export type DirectiveValue = Word | readonly Word[] | readonly (readonly Word[])[];

export interface ServerOptions {
  /** Shown in errors. */
  readonly name?: string;
  /** Address to listen on; 127.0.0.1 by default. */
  readonly host?: string;
  /** 0, the default, picks a free port. */
  readonly port?: number;
  /** Sets `requirepass`. */
  readonly password?: string;
  /** Any redis.conf directive by its own name: `{ 'maxmemory-policy': 'allkeys-lru' }`. */
  readonly config?: Readonly<Record<string, DirectiveValue>>;
  /**
   * Where the dataset is kept. `none`, the default, keeps nothing: SAVE and BGSAVE work, and what they save is gone with
   * the server. With a directory the server loads what is there when it starts, and saves at the save points and when it
   * closes. Directives `save`, `dir`, `dbfilename` and `appendonly` in `config` mean the same as there.
   */
  readonly persistence?: 'none' | PersistenceOptions;
  /**
   * Makes the server a replica of another one: a server of this process, an address with its password, or a URL
   * ("redis://:password@127.0.0.1:6379"). It is synchronised some time after it started; `role` and INFO tell.
   */
  readonly replicaOf?: MasterOption;
  /** `manual`: time passes only by `clock.advance`. */
  readonly clock?: 'real' | 'manual';
  /** Takes log lines as they are written. The newest ones are in `server.log` in any case. */
  readonly onLog?: (line: string) => void;
}

/** Where a master is. A `ServerHandle` is one of these. */
export type MasterOption =
  string | { readonly host: string; readonly port: number; readonly password?: string; readonly url?: string };

export interface PersistenceOptions {
  /** The directory of the files; it must exist. */
  readonly dir: string;
  /** Append-only file: `true`, or when it is synced. Off by default. */
  readonly aof?: boolean | 'always' | 'everysec' | 'no';
  /** Save points as in redis.conf, '3600 1 300 100'; false or '' for none. By default those of redis-server. */
  readonly save?: string | false;
}

const RULES: OptionRules<ServerOptions> = {
  name: { wanted: 'a string', accepts: isString },
  host: {
    wanted: 'one address or host name',
    accepts: (value) => isString(value) && /^[\w.:%][\w.:%-]*$/.test(value),
  },
  port: {
    wanted: 'an integer from 0 to 65535',
    accepts: (value) => Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 65535,
  },
  password: { wanted: 'a string', accepts: isString },
  config: {
    wanted: "an object of redis.conf directives, such as { 'maxmemory-policy': 'noeviction' }",
    accepts: isRecord,
  },
  persistence: { wanted: "'none' or { dir, aof, save }", accepts: isPersistence },
  replicaOf: {
    wanted: 'a running server, { host, port, password } or a URL',
    accepts: (value) => masterOf(value) !== null,
  },
  clock: CLOCK_RULE,
  onLog: { wanted: 'a function', accepts: (value) => typeof value === 'function' },
};

/** @throws ResplicaError ERR_BAD_OPTION */
export function checkOptions(options: ServerOptions): void {
  checkByRules('startServer', RULES, options);
}

/** The options as lines of redis.conf. What `config` says comes last and wins. */
export function configText(options: ServerOptions): string {
  const lines = [`bind ${options.host ?? '127.0.0.1'}`, `port ${options.port ?? 0}`];
  lines.push(...persistenceLines(options.persistence));
  if (options.password !== undefined) lines.push(`requirepass ${toWord(options.password)}`);
  lines.push(...replicationLines(options.replicaOf));
  for (const [name, value] of Object.entries(options.config ?? {})) {
    if (value === undefined) continue;
    if (!/^[\w.-]+$/.test(name)) throw new ResplicaError('ERR_BAD_CONFIG', `"${name}" is no name of a directive.`);
    for (const words of toUses(name, value)) lines.push([name, ...words].join(' '));
  }
  return lines.join('\n');
}

/** Directives that say by themselves that something is kept on disk. */
const DISK_DIRECTIVES = ['save', 'dir', 'dbfilename', 'appendonly'];

/** Whether files are written and read: else snapshots go to memory. */
export function usesDisk({ persistence, config }: ServerOptions): boolean {
  if (persistence !== undefined) return persistence !== 'none';
  return Object.keys(config ?? {}).some((name) => DISK_DIRECTIVES.includes(name.toLowerCase()));
}

function persistenceLines(persistence: ServerOptions['persistence'] = 'none'): string[] {
  if (persistence === 'none') return ['save ""'];
  const { dir, aof = false, save } = persistence;
  const lines = [`dir ${toWord(dir)}`];
  if (save !== undefined) lines.push(save === false || save === '' ? 'save ""' : `save ${save}`);
  if (aof !== false) lines.push('appendonly yes');
  if (typeof aof === 'string') lines.push(`appendfsync ${aof}`);
  return lines;
}

interface Master {
  readonly host: string;
  readonly port: number;
  readonly password: string;
}

/** Masters of a test do not wait for further replicas before they send a snapshot. */
function replicationLines(option: MasterOption | undefined): string[] {
  const lines = ['repl-diskless-sync-delay 0'];
  const master = option === undefined ? null : masterOf(option);
  if (master === null) return lines;
  if (master.password !== '') lines.push(`masterauth ${toWord(master.password)}`);
  return [...lines, `replicaof ${toWord(master.host)} ${master.port}`];
}

function masterOf(option: unknown): Master | null {
  if (isString(option)) return masterOfUrl(option);
  if (typeof option !== 'object' || option === null) return null;
  const { host, port, password, url } = option as Partial<Record<string, unknown>>;
  if (!isString(host) || host === '' || !Number.isInteger(port)) return null;
  const inUrl = isString(url) ? (masterOfUrl(url)?.password ?? '') : '';
  return { host, port: port as number, password: isString(password) ? password : inUrl };
}

function masterOfUrl(text: string): Master | null {
  if (!URL.canParse(text)) return null;
  const { protocol, hostname, port, password } = new URL(text);
  if (protocol !== 'redis:' || hostname === '') return null;
  const host = hostname.replace(/^\[|\]$/g, '');
  return { host, port: port === '' ? 6379 : Number(port), password: decodeURIComponent(password) };
}

export function isPersistence(value: unknown): boolean {
  if (value === 'none') return true;
  if (typeof value !== 'object' || value === null) return false;
  const { dir, aof, save, ...others } = value as Record<string, unknown>;
  return (
    isString(dir) &&
    (aof === undefined || [true, false, 'always', 'everysec', 'no'].includes(aof as boolean | string)) &&
    (save === undefined || save === false || (isString(save) && /^[\d\s]*$/.test(save))) &&
    Object.keys(others).length === 0
  );
}

/** The words of each use of a directive. */
function toUses(name: string, value: DirectiveValue): string[][] {
  if (!Array.isArray(value)) return [[toWord(value as Word, name)]];
  const isManyUses = value.length > 0 && value.every((use) => Array.isArray(use));
  const uses = (isManyUses ? value : [value]) as readonly (readonly Word[])[];
  return uses.map((words) => words.map((word) => toWord(word, name)));
}

export function toWord(value: Word, name = 'requirepass'): string {
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value === 'string') return repr(Buffer.from(value, 'utf8').toString('latin1'));
  if (Number.isFinite(value)) return String(value);
  throw new ResplicaError(
    'ERR_BAD_CONFIG',
    `Option "config" gives ${describe(value)} to "${name}": give a string, a number, a boolean or a list of these.`,
  );
}
