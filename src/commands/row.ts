/**
 * A command is a row: its name, arity, flags and key positions stand beside its handler, in one array per Redis group.
 * Everything else is derived from the rows: dispatch, arity errors, COMMAND and its subcommands, ACL categories and key
 * checks, slot routing, the gates (see server/dispatch.ts), and the README's table.
 */
import type { Context } from './context.ts';

/** As COMMAND prints them. */
export type Flag =
  | 'write'
  | 'readonly'
  | 'denyoom'
  | 'admin'
  | 'pubsub'
  | 'noscript'
  | 'blocking'
  | 'loading'
  | 'stale'
  | 'skip_monitor'
  | 'skip_slowlog'
  | 'asking'
  | 'fast'
  | 'no_auth'
  | 'may_replicate'
  | 'sentinel'
  | 'only_sentinel'
  | 'no_mandatory_keys'
  | 'protected'
  | 'no_async_loading'
  | 'no_multi'
  | 'movablekeys'
  | 'allow_busy'
  | 'touches_arbitrary_keys'
  // Ours, for the gates; COMMAND does not print them.
  /** Runs inside MULTI instead of being queued. */
  | 'immediate'
  /** Allowed to a RESP2 client that has subscriptions. */
  | 'subscriber'
  /** EXEC: when it is refused, the transaction is over, and the error says so. */
  | 'aborts_transaction'
  /** Ends the transaction or the connection: lack of memory is no reason to refuse it. */
  | 'ends_transaction'
  /** EVAL and the like: the gates judge it by what the script says about itself. */
  | 'runs_script';

export type Group =
  | 'generic'
  | 'string'
  | 'list'
  | 'set'
  | 'sorted-set'
  | 'hash'
  | 'pubsub'
  | 'transactions'
  | 'connection'
  | 'server'
  | 'scripting'
  | 'hyperloglog'
  | 'cluster'
  | 'sentinel'
  | 'geo'
  | 'stream'
  | 'bitmap';

/** ACL categories that neither the flags nor the group imply. */
export type Category =
  | 'keyspace'
  | 'read'
  | 'write'
  | 'set'
  | 'sortedset'
  | 'list'
  | 'hash'
  | 'string'
  | 'bitmap'
  | 'hyperloglog'
  | 'geo'
  | 'stream'
  | 'pubsub'
  | 'admin'
  | 'fast'
  | 'slow'
  | 'blocking'
  | 'dangerous'
  | 'connection'
  | 'transaction'
  | 'scripting';

/** Where keys are among the arguments, and what is done to them (COMMAND's key specs). */
export interface KeySpec {
  /** Words of "RO RW OW RM access update insert delete not_key incomplete variable_flags". */
  readonly flags: string;
  /** The first key: at an argument's index, or behind a keyword searched from an index (negative: from the end). */
  readonly begin:
    { readonly index: number } | { readonly keyword: string; readonly from: number } | { readonly unknown: true };
  /**
   * The rest. `last` counts from the first key, or from the end if negative; `limit` 2 means "the first half" and so
   * on. `keynum`: the number of keys stands in the argument at `count`, relative to the beginning.
   */
  readonly find:
    | { readonly last: number; readonly step: number; readonly limit: number }
    | { readonly count: number; readonly first: number; readonly step: number }
    | { readonly unknown: true };
}

export type Handler<C extends Context = Context> = (call: C) => void;

export interface Row<C extends Context = Context> {
  /** Lower case. Of a subcommand its own word: "get" in CONFIG GET. */
  readonly name: string;
  /** Number of arguments, name (and container) included; negative: at least that many. */
  readonly arity: number;
  readonly flags: readonly Flag[];
  readonly keys?: readonly KeySpec[];
  /** For keys that no spec can express (SORT's STORE): their argument indexes. */
  readonly findKeys?: (args: import('../core/arguments.ts').Arguments) => FoundKey[];
  /** Indexes of arguments that MONITOR and the slow log must not show. */
  readonly secrets?: (args: import('../core/arguments.ts').Arguments) => readonly number[];
  readonly acl?: readonly Category[];
  /** Hints for clients, as COMMAND prints them. */
  readonly tips?: readonly string[];
  /** Version of Redis that brought the command. */
  readonly since: string;
  /** One sentence, without full stop. */
  readonly summary: string;
  readonly complexity?: string;
  /** Arguments in the notation of docs (see command-docs.ts): "key value [NX | XX] [GET] [EX seconds:integer | ...]". */
  readonly syntax?: string;
  /** Pairs of version and what changed then. */
  readonly history?: readonly (readonly [string, string])[];
  readonly deprecated?: { readonly since: string; readonly instead: string };
  /** Made for the server itself or for its tests: COMMAND DOCS flags it `syscmd`. */
  readonly internal?: true;
  readonly subcommands?: readonly Row<C>[];
  /** Absent for containers that cannot be called by themselves. */
  readonly run?: Handler<C>;
}

export interface FoundKey {
  readonly index: number;
  readonly flags: string;
}

export interface Family<C extends Context = Context> {
  readonly group: Group;
  readonly rows: readonly Row<C>[];
}

export function family<C extends Context = Context>(group: Group, rows: readonly Row<C>[]): Family<C> {
  return { group, rows };
}

// Key specs in words.

/** One key at an argument's index. */
export function keyAt(index: number, flags: string): KeySpec[] {
  return [{ flags, begin: { index }, find: { last: 0, step: 1, limit: 0 } }];
}

/** Keys from an index on, to `last` (negative: counted from the end), every `step`th. */
export function keysFrom(index: number, flags: string, last = -1, step = 1): KeySpec[] {
  return [{ flags, begin: { index }, find: { last, step, limit: 0 } }];
}

/** A number of keys at an index, the keys behind it. */
export function numberedKeys(index: number, flags: string): KeySpec[] {
  return [{ flags, begin: { index }, find: { count: 0, first: 1, step: 1 } }];
}

/** Source and destination. */
export function keyPair(first: string, second: string): KeySpec[] {
  return [...keyAt(1, first), ...keyAt(2, second)];
}
