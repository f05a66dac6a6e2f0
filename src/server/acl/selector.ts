/**
 * One set of permissions: commands, keys and channels. A user has a root selector and may have more; a request is
 * allowed if one of them allows all of it (acl.c ACLSelectorCheckCmd).
 *
 * The checks allocate nothing: keys are found once per request by whoever asks, patterns are compiled when they are
 * added, and the answer is a number, with the index of the offending argument beside it.
 */
import type { Arguments } from '../../core/arguments.ts';
import { Glob } from '../../core/glob.ts';
import type { FoundKeys } from '../../commands/key-specs.ts';
import { type Command, FLAG } from '../command-table.ts';
import { CHANNELS, type CommandCatalog } from './command-catalog.ts';
import { CommandSet } from './command-set.ts';
import { describeCommands } from './describe-commands.ts';

/** What a check says. A greater number is the more telling reason. */
export const ALLOWED = 0;
export const DENIED_COMMAND = 1;
export const DENIED_KEY = 2;
export const DENIED_CHANNEL = 4;

/** What a key pattern permits, and what a key of a request needs, as bits. */
export const ACCESS = { read: 1, write: 2 } as const;
export const READ_WRITE = ACCESS.read | ACCESS.write;

interface KeyPattern {
  readonly glob: Glob;
  /** Bits of ACCESS. */
  access: number;
}

export class Selector {
  commands: CommandSet;
  allKeys = false;
  allChannels: boolean;
  keyPatterns: KeyPattern[] = [];
  channelPatterns: Glob[] = [];
  /** Index of the argument because of which the last check failed; 0 for the command. */
  deniedAt = 0;

  constructor(catalog: CommandCatalog, allChannels: boolean) {
    this.commands = new CommandSet(catalog);
    this.allChannels = allChannels;
  }

  copy(): Selector {
    const copy = new Selector(this.commands.catalog, this.allChannels);
    copy.commands = this.commands.copy();
    copy.allKeys = this.allKeys;
    copy.keyPatterns = this.keyPatterns.map(({ glob, access }) => ({ glob, access }));
    copy.channelPatterns = [...this.channelPatterns];
    return copy;
  }

  /** Whether it can refuse nothing at all. */
  get isUnrestricted(): boolean {
    return this.allKeys && this.allChannels && this.commands.isComplete;
  }

  // ----------------------------------------------------------------------------------------------------------- patterns

  addKeyPattern(source: string, access: number): void {
    const known = this.keyPatterns.find(({ glob }) => glob.source === source);
    if (known === undefined) this.keyPatterns.push({ glob: new Glob(source), access });
    else known.access |= access;
  }

  addChannelPattern(source: string): void {
    if (!this.channelPatterns.some((glob) => glob.source === source)) this.channelPatterns.push(new Glob(source));
  }

  setAllKeys(allowed: boolean): void {
    this.allKeys = allowed;
    this.keyPatterns = [];
  }

  setAllChannels(allowed: boolean): void {
    this.allChannels = allowed;
    this.channelPatterns = [];
  }

  // ------------------------------------------------------------------------------------------------------------- checks

  /** @param found the keys of the request, if the command can have any. */
  check(command: Command, args: Arguments, found: FoundKeys): number {
    this.deniedAt = 0;
    if (!command.has(FLAG.no_auth) && !this.commands.allows(command, args)) return DENIED_COMMAND;
    if (!this.allKeys && !this.#allowsKeys(args, found)) return DENIED_KEY;
    if (this.allChannels) return ALLOWED;
    const kind = this.commands.catalog.channels[command.id]!;
    return kind === CHANNELS.none || this.#allowsChannels(kind, args) ? ALLOWED : DENIED_CHANNEL;
  }

  #allowsKeys(args: Arguments, found: FoundKeys): boolean {
    for (let i = 0; i < found.count; i++) {
      const index = found.indexes[i]!;
      if (this.#allowsKey(args.bytes, args.starts[index]!, args.ends[index]!, accessOf(found.flags[i]!))) continue;
      this.deniedAt = index;
      return false;
    }
    return true;
  }

  #allowsKey(bytes: Uint8Array, start: number, end: number, needed: number): boolean {
    const patterns = this.keyPatterns;
    for (let i = 0; i < patterns.length; i++) {
      const { glob, access } = patterns[i]!;
      if ((access & needed) === needed && glob.matches(bytes, start, end)) return true;
    }
    return false;
  }

  #allowsChannels(kind: number, args: Arguments): boolean {
    const end = kind === CHANNELS.one ? 2 : args.count;
    for (let index = 1; index < end; index++) {
      const allowed =
        kind === CHANNELS.patterns
          ? this.allowsChannelPattern(args.binary(index))
          : this.#allowsChannel(args.bytes, args.starts[index]!, args.ends[index]!);
      if (allowed) continue;
      this.deniedAt = index;
      return false;
    }
    return true;
  }

  #allowsChannel(bytes: Uint8Array, start: number, end: number): boolean {
    const patterns = this.channelPatterns;
    for (let i = 0; i < patterns.length; i++) if (patterns[i]!.matches(bytes, start, end)) return true;
    return false;
  }

  /** A pattern to listen to is allowed if it is literally one of the patterns. */
  allowsChannelPattern(pattern: string): boolean {
    return this.channelPatterns.some(({ source }) => source === pattern);
  }

  /** Whether every key may be read: SORT's BY and GET could lead to any. */
  get readsAnyKey(): boolean {
    return this.allKeys || this.keyPatterns.some(({ glob, access }) => glob.isMatchAll && (access & ACCESS.read) !== 0);
  }

  // -------------------------------------------------------------------------------------------------------- description

  describeCommands(): string {
    return describeCommands(this.commands);
  }

  describeKeys(): string {
    return this.allKeys ? '~*' : this.keyPatterns.map(describeKeyPattern).join(' ');
  }

  describeChannels(): string {
    return this.allChannels ? '&*' : this.channelPatterns.map(({ source }) => `&${source}`).join(' ');
  }

  /** As rules that make it from an empty selector. */
  describe(): string {
    const channels = this.describeChannels();
    return [this.describeKeys(), this.allChannels ? '' : 'resetchannels', channels, this.describeCommands()]
      .filter((rules) => rules !== '')
      .join(' ');
  }
}

function describeKeyPattern({ glob, access }: KeyPattern): string {
  const prefix = access === READ_WRITE ? '~' : access === ACCESS.read ? '%R~' : '%W~';
  return prefix + glob.source;
}

/** What a key needs, by the words of its spec. A key that is merely looked at needs neither. */
function accessOf(flags: string): number {
  const reads = flags.includes('access') ? ACCESS.read : 0;
  const writes = flags.includes('insert') || flags.includes('update') || flags.includes('delete');
  return writes ? reads | ACCESS.write : reads;
}
