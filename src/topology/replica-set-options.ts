/** Options of `startReplicaSet`, checked, and what each node's configuration says. */
import { ResplicaError } from './errors.ts';
import {
  type DirectiveValue,
  type PersistenceOptions,
  describe,
  isPersistence,
  type ServerOptions,
} from './options.ts';

export interface ReplicaSetOptions {
  /** The name by which sentinels and clients know the master; "mymaster" by default. */
  readonly name?: string;
  /** Replicas besides the master; 2 by default. */
  readonly replicas?: number;
  /** Password of every server, and what its replicas and sentinels log in with. */
  readonly password?: string;
  /** Address that all nodes listen on; 127.0.0.1 by default. */
  readonly host?: string;
  /** Directives of every server by their own names. */
  readonly config?: Readonly<Record<string, DirectiveValue>>;
  /** Where datasets are kept: each server has a directory of its name in `dir`. By default, in memory. */
  readonly persistence?: 'none' | PersistenceOptions;
  /** Takes the log lines of all nodes as they are written. The newest are in each node's `log` in any case. */
  readonly onLog?: (node: string, line: string) => void;
}

interface Rule {
  readonly wanted: string;
  accepts(value: unknown): boolean;
}

const NODES_MAX = 100;

const RULES: { readonly [name in keyof Required<ReplicaSetOptions>]: Rule } = {
  name: {
    wanted: 'a word of letters, digits, ".", "-" and "_"',
    accepts: (value) => typeof value === 'string' && /^[A-Za-z0-9._-]+$/.test(value),
  },
  replicas: { wanted: `an integer from 0 to ${NODES_MAX}`, accepts: (value) => isCount(value, 0) },
  password: { wanted: 'a string', accepts: (value) => typeof value === 'string' },
  host: {
    wanted: 'one address',
    accepts: (value) => typeof value === 'string' && /^[\w.:%][\w.:%-]*$/.test(value),
  },
  config: {
    wanted: "an object of redis.conf directives, such as { 'maxmemory-policy': 'noeviction' }",
    accepts: (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  },
  persistence: { wanted: "'none' or { dir, aof, save }", accepts: isPersistence },
  onLog: { wanted: 'a function', accepts: (value) => typeof value === 'function' },
};

/** @throws ResplicaError ERR_BAD_OPTION */
export function checkReplicaSetOptions(options: ReplicaSetOptions): void {
  for (const [name, value] of Object.entries(options)) {
    const rule = Object.hasOwn(RULES, name) ? RULES[name as keyof ReplicaSetOptions] : undefined;
    if (rule === undefined) {
      const known = Object.keys(RULES).join(', ');
      throw new ResplicaError(
        'ERR_BAD_OPTION',
        `There is no option "${name}" of startReplicaSet; there are ${known}. Directives of redis.conf go into "config".`,
      );
    }
    if (value !== undefined && !rule.accepts(value)) {
      throw new ResplicaError('ERR_BAD_OPTION', `Option "${name}" must be ${rule.wanted}, not ${describe(value)}.`);
    }
  }
}

function isCount(value: unknown, least: number): boolean {
  return Number.isInteger(value) && Number(value) >= least && Number(value) <= NODES_MAX;
}

/** A server of the set, as `startServer` would take it. */
export function serverOptionsOf(
  options: ReplicaSetOptions,
  name: string,
  port: number,
  masterPort: number | null,
): ServerOptions {
  const { host = '127.0.0.1', password, config = {}, persistence = 'none' } = options;
  return {
    name,
    host,
    port,
    persistence: persistence === 'none' ? 'none' : { ...persistence, dir: `${persistence.dir}/${name}` },
    ...(password === undefined ? {} : { password }),
    ...(masterPort === null ? {} : { replicaOf: { host, port: masterPort, password: password ?? '' } }),
    // A master that comes back follows another one, so it has to know the password as well.
    config: {
      ...(masterPort === null && password !== undefined ? { masterauth: password } : {}),
      ...config,
    },
  };
}
