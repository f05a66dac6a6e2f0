/**
 * What access rules have to know of the commands of a server, made once and shared by all users.
 *
 * Rules name commands by the names that they were born with: `rename-command` changes what clients call, not what a
 * rule means. Everything the check of a request needs is an array over `Command.id`, so that it costs no lookup.
 */
import { lowerCaseAscii } from '../../core/latin1.ts';
import { hasKeys } from '../../commands/key-specs.ts';
import { CATEGORIES, type Command, type CommandTable } from '../command-table.ts';

/** Which arguments of a command are channels. */
export const CHANNELS = { none: 0, one: 1, all: 2, patterns: 3 } as const;

/** Commands that name channels to publish or listen to. To stop listening is always allowed. */
const CHANNEL_COMMANDS: Readonly<Record<string, number>> = {
  publish: CHANNELS.one,
  spublish: CHANNELS.one,
  subscribe: CHANNELS.all,
  ssubscribe: CHANNELS.all,
  psubscribe: CHANNELS.patterns,
};

export class CommandCatalog {
  /** Every command, subcommands included, by id. */
  readonly all: readonly Command[];
  /** Commands without their subcommands, in the order of ids. */
  readonly roots: readonly Command[];
  /** By id: whether requests can have keys, and which arguments are channels (CHANNELS). */
  readonly keyed: Uint8Array;
  readonly channels: Uint8Array;
  readonly #byName = new Map<string, Command>();
  readonly #byCategory = new Map<string, Command[]>();

  constructor({ all }: Pick<CommandTable, 'all'>) {
    this.all = all;
    this.roots = all.filter(({ parent }) => parent === null);
    this.keyed = new Uint8Array(all.length);
    this.channels = new Uint8Array(all.length);
    for (const name of CATEGORIES) this.#byCategory.set(name, []);
    for (const command of all) {
      this.#byName.set(command.fullName, command);
      for (const category of command.categories) this.#byCategory.get(category)!.push(command);
      this.keyed[command.id] = hasKeys(command.row) ? 1 : 0;
      this.channels[command.id] = CHANNEL_COMMANDS[command.fullName] ?? CHANNELS.none;
    }
  }

  /** "get" or "config|get", in any case. */
  command(fullName: string): Command | null {
    return this.#byName.get(lowerCaseAscii(fullName)) ?? null;
  }

  /** The commands of a category, in any case; null if there is no such category. */
  category(name: string): readonly Command[] | null {
    return this.#byCategory.get(lowerCaseAscii(name)) ?? null;
  }
}
