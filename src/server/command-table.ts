/**
 * The commands of one server, made from the rows of all families: with bit flags for the gates, statistics, and lookup
 * by the bytes of a request. Each server has its own: nothing here is shared between servers but the rows.
 */
import type { Arguments } from '../core/arguments.ts';
import { lowerCaseAscii, lowerCaseByte } from '../core/latin1.ts';
import { type LegacyRange, legacyRange } from '../commands/key-specs.ts';
import type { Category, Family, Flag, Group, Handler, KeySpec, Row } from '../commands/row.ts';
import { DurationHistogram } from './duration-histogram.ts';

/** Flags as bits, for the gates. */
export const FLAG: Record<Flag, number> = {
  write: 1 << 0,
  readonly: 1 << 1,
  denyoom: 1 << 2,
  admin: 1 << 3,
  pubsub: 1 << 4,
  noscript: 1 << 5,
  blocking: 1 << 6,
  loading: 1 << 7,
  stale: 1 << 8,
  skip_monitor: 1 << 9,
  skip_slowlog: 1 << 10,
  asking: 1 << 11,
  fast: 1 << 12,
  no_auth: 1 << 13,
  may_replicate: 1 << 14,
  sentinel: 1 << 15,
  only_sentinel: 1 << 16,
  no_mandatory_keys: 1 << 17,
  protected: 1 << 18,
  no_async_loading: 1 << 19,
  no_multi: 1 << 20,
  movablekeys: 1 << 21,
  allow_busy: 1 << 22,
  touches_arbitrary_keys: 1 << 23,
  immediate: 1 << 24,
  subscriber: 1 << 25,
  aborts_transaction: 1 << 26,
  ends_transaction: 1 << 27,
  runs_script: 1 << 28,
};

/** Flags that rows carry for the gates and COMMAND does not print. */
const HIDDEN_FLAGS =
  FLAG.may_replicate |
  FLAG.protected |
  FLAG.sentinel |
  FLAG.only_sentinel |
  FLAG.touches_arbitrary_keys |
  FLAG.immediate |
  FLAG.subscriber |
  FLAG.aborts_transaction |
  FLAG.runs_script |
  FLAG.ends_transaction;

const GROUP_CATEGORY: Partial<Record<Group, Category>> = {
  generic: 'keyspace',
  string: 'string',
  list: 'list',
  set: 'set',
  'sorted-set': 'sortedset',
  hash: 'hash',
  transactions: 'transaction',
  connection: 'connection',
  scripting: 'scripting',
  hyperloglog: 'hyperloglog',
  geo: 'geo',
  stream: 'stream',
  bitmap: 'bitmap',
};

/** What a command is about, as opposed to what it does. A row that names subjects itself does not get its group's. */
const SUBJECTS = new Set<Category>(Object.values(GROUP_CATEGORY));

/** Every ACL category, in the order in which COMMAND and ACL CAT print them. */
export const CATEGORIES: readonly Category[] = [
  'keyspace',
  'read',
  'write',
  'set',
  'sortedset',
  'list',
  'hash',
  'string',
  'bitmap',
  'hyperloglog',
  'geo',
  'stream',
  'pubsub',
  'admin',
  'fast',
  'slow',
  'blocking',
  'dangerous',
  'connection',
  'transaction',
  'scripting',
];

const FLAG_NAMES = Object.keys(FLAG) as Flag[];

export class Command {
  readonly row: Row;
  readonly group: Group;
  /** "get", or with its container "config|get". */
  readonly fullName: string;
  readonly parent: Command | null;
  readonly arity: number;
  /** Bits of FLAG. */
  readonly flags: number;
  readonly run: Handler | null;
  readonly keys: readonly KeySpec[];
  readonly legacyRange: LegacyRange;
  readonly subcommands: readonly Command[];
  /** The word that selects the command, for comparison with request bytes. */
  readonly word: Buffer;
  readonly #most: number;
  /** Place in the table: ACL rules are bit sets over it. */
  readonly id: number;

  // Statistics since the start or CONFIG RESETSTAT.
  calls = 0;
  microseconds = 0;
  rejectedCalls = 0;
  failedCalls = 0;
  readonly durations = new DurationHistogram();

  constructor(row: Row, group: Group, parent: Command | null, nextId: () => number) {
    this.row = row;
    this.group = group;
    this.parent = parent;
    this.id = nextId();
    this.fullName = parent === null ? row.name : `${parent.row.name}|${row.name}`;
    this.arity = row.arity;
    this.run = row.run ?? null;
    this.keys = row.keys ?? [];
    this.legacyRange = legacyRange(this.keys);
    let flags = this.legacyRange.movable ? FLAG.movablekeys : 0;
    for (const flag of row.flags) flags |= FLAG[flag];
    this.flags = flags;
    this.word = Buffer.from(row.name, 'latin1');
    this.subcommands = (row.subcommands ?? []).map((sub) => new Command(sub, group, this, nextId));
    this.#most = this.subcommands.length > 0 ? 1 : Infinity;
  }

  has(flags: number): boolean {
    return (this.flags & flags) !== 0;
  }

  /** Flags as COMMAND prints them. */
  get visibleFlags(): Flag[] {
    const visible = this.flags & ~HIDDEN_FLAGS;
    return FLAG_NAMES.filter((name) => (FLAG[name] & visible) !== 0);
  }

  /** A container that can stand alone takes no arguments: a second word names a subcommand, or nothing that exists. */
  acceptsArity(count: number): boolean {
    return this.arity >= 0 ? count === this.arity : count >= -this.arity && count <= this.#most;
  }

  /** ACL categories: what the group and the flags imply, and the row's own (server.c setImplicitACLCategories). */
  get categories(): Category[] {
    const own = this.row.acl ?? [];
    const result = new Set<Category>(own);
    const ofGroup = GROUP_CATEGORY[this.group];
    const isContainer = this.subcommands.length > 0;
    if (ofGroup !== undefined && !isContainer && !own.some((name) => SUBJECTS.has(name))) result.add(ofGroup);
    if (this.has(FLAG.write)) result.add('write');
    if (this.has(FLAG.readonly) && !result.has('scripting')) result.add('read');
    if (this.has(FLAG.admin)) {
      result.add('admin');
      result.add('dangerous');
    }
    if (this.has(FLAG.pubsub)) result.add('pubsub');
    if (this.has(FLAG.blocking)) result.add('blocking');
    result.add(this.has(FLAG.fast) ? 'fast' : 'slow');
    return CATEGORIES.filter((name) => result.has(name));
  }

  resetStatistics(): void {
    this.calls = this.microseconds = this.rejectedCalls = this.failedCalls = 0;
    this.durations.reset();
  }
}

const TABLE_SIZE = 1024;
/** How a script spells a command is up to it: there are thousands of ways to write HINCRBYFLOAT. */
const SPELLINGS_MAX = 1024;

/** A command under the name that clients use. */
interface Entry {
  readonly word: Buffer;
  readonly command: Command;
}

export class CommandTable {
  /** Top-level commands by the name that clients use; rename-command changes it. */
  readonly byName = new Map<string, Command>();
  /** All commands, subcommands included, by id. */
  readonly all: Command[] = [];
  /** Commands without subcommands as scripts have spelled them: theirs come as texts whose hash is known. */
  readonly #bySpelling = new Map<string, Command>();
  readonly #buckets: Entry[][] = Array.from({ length: TABLE_SIZE }, () => []);

  constructor(families: readonly Family[]) {
    let ids = 0;
    for (const { group, rows } of families) {
      for (const row of rows) this.#add(row.name, new Command(row, group, null, () => ids++));
    }
    this.#list();
  }

  #add(name: string, command: Command): void {
    this.byName.set(name, command);
    const word = Buffer.from(name, 'latin1');
    this.#buckets[bucketOf(word, 0, word.length)]!.push({ word, command });
  }

  #list(): void {
    for (const command of this.byName.values()) {
      this.all[command.id] = command;
      for (const sub of command.subcommands) this.all[sub.id] = sub;
    }
  }

  /**
   * rename-command: gives a command another name; an empty one takes it out of reach.
   * @returns an error text, or null.
   */
  rename(from: string, to: string): string | null {
    const command = this.byName.get(from.toLowerCase());
    if (command === undefined) return 'No such command in rename-command';
    const target = to.toLowerCase();
    if (target !== '' && this.byName.has(target)) return 'Target command name already exists';
    this.byName.delete(from.toLowerCase());
    this.#bySpelling.clear();
    const word = Buffer.from(from.toLowerCase(), 'latin1');
    const bucket = this.#buckets[bucketOf(word, 0, word.length)]!;
    bucket.splice(
      bucket.findIndex((entry) => entry.command === command),
      1,
    );
    if (target !== '') this.#add(target, command);
    return null;
  }

  /** The command that a request names, its subcommand if it has one; null if there is none. */
  find(args: Arguments): Command | null {
    const start = args.starts[0]!;
    const end = args.ends[0]!;
    const bucket = this.#buckets[bucketOf(args.bytes, start, end)]!;
    for (let i = 0; i < bucket.length; i++) {
      const { word, command } = bucket[i]!;
      if (sameWord(word, args.bytes, start, end)) {
        return command.subcommands.length === 0 ? command : this.#findSubcommand(command, args);
      }
    }
    return null;
  }

  /** The same for a request whose first word was written from a text. @param name that text, in whatever case. */
  findSpelled(name: string, args: Arguments): Command | null {
    const known = this.#bySpelling.get(name);
    if (known !== undefined) return known;
    const found = this.find(args);
    const isAlone = found !== null && found.subcommands.length === 0 && found.parent === null;
    if (isAlone && this.#bySpelling.size < SPELLINGS_MAX) this.#bySpelling.set(name, found);
    return found;
  }

  /** The container itself when it can stand alone and no subcommand is given, or when the subcommand is unknown. */
  #findSubcommand(command: Command, args: Arguments): Command {
    if (args.count < 2) return command;
    for (const sub of command.subcommands) {
      if (sameWord(sub.word, args.bytes, args.starts[1]!, args.ends[1]!)) return sub;
    }
    return command;
  }

  /** By name: "get" or "config|get", in any case. */
  named(fullName: string): Command | null {
    const [name = '', subName, ...rest] = lowerCaseAscii(fullName).split('|');
    const command = this.byName.get(name) ?? null;
    if (command === null || subName === undefined) return command;
    return rest.length > 0 ? null : (command.subcommands.find((sub) => sub.row.name === subName) ?? null);
  }
}

function bucketOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = end - start;
  for (let i = start; i < end; i++) hash = Math.imul(hash, 31) + (bytes[i]! | 0x20);
  return hash & (TABLE_SIZE - 1);
}

/** Whether bytes[start..end) is the lower-case word, in any case. */
export function sameWord(word: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  const length = end - start;
  if (word.length !== length) return false;
  for (let i = 0; i < length; i++) {
    const byte = bytes[start + i]!;
    if (byte !== word[i] && lowerCaseByte(byte) !== word[i]) return false;
  }
  return true;
}
