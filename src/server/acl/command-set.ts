/**
 * The commands that a selector allows: a bit for each, and first arguments of commands that are not allowed otherwise.
 *
 * A rule about a container is a rule about each of its subcommands too. `+@all` also allows the commands that a server
 * may learn later (modules of redis-server); nothing but `-@all` takes that back, and it decides how the set is
 * described: as everything but some, or as nothing but some.
 */
import type { Arguments } from '../../core/arguments.ts';
import { lowerCaseAscii } from '../../core/latin1.ts';
import type { Command } from '../command-table.ts';
import type { CommandCatalog } from './command-catalog.ts';

interface FirstArgument {
  readonly asWritten: string;
  readonly lowerCase: string;
}

export class CommandSet {
  readonly catalog: CommandCatalog;
  /** Began with +@all. */
  allowsFuture = false;
  readonly #bits: Uint8Array;
  /** By id of the command, in the order in which they were allowed. */
  readonly #firstArguments = new Map<number, FirstArgument[]>();

  constructor(catalog: CommandCatalog) {
    this.catalog = catalog;
    this.#bits = new Uint8Array(catalog.all.length);
  }

  copy(): CommandSet {
    const copy = new CommandSet(this.catalog);
    copy.#bits.set(this.#bits);
    copy.allowsFuture = this.allowsFuture;
    for (const [id, words] of this.#firstArguments) copy.#firstArguments.set(id, words);
    return copy;
  }

  has(id: number): boolean {
    return this.#bits[id] === 1;
  }

  /** Every command there is. */
  get isComplete(): boolean {
    return !this.#bits.includes(0);
  }

  setAll(allowed: boolean): void {
    this.#bits.fill(allowed ? 1 : 0);
    this.allowsFuture = allowed;
    this.#firstArguments.clear();
  }

  set(command: Command, allowed: boolean): void {
    const bit = allowed ? 1 : 0;
    this.#bits[command.id] = bit;
    this.#firstArguments.delete(command.id);
    for (const sub of command.subcommands) this.#bits[sub.id] = bit;
  }

  setCategory(commands: readonly Command[], allowed: boolean): void {
    for (const command of commands) this.set(command, allowed);
  }

  allowFirstArgument(command: Command, word: string): void {
    const known = this.#firstArguments.get(command.id) ?? [];
    const lowerCase = lowerCaseAscii(word);
    if (known.some((other) => other.lowerCase === lowerCase)) return;
    this.#firstArguments.set(command.id, [...known, { asWritten: word, lowerCase }]);
  }

  firstArguments(command: Command): readonly string[] {
    return (this.#firstArguments.get(command.id) ?? []).map(({ asWritten }) => asWritten);
  }

  allows(command: Command, args: Arguments): boolean {
    if (this.#bits[command.id] === 1) return true;
    if (this.#firstArguments.size === 0 || args.count < 2) return false;
    const known = this.#firstArguments.get(command.id);
    if (known === undefined) return false;
    for (let i = 0; i < known.length; i++) if (args.is(1, known[i]!.lowerCase)) return true;
    return false;
  }
}
