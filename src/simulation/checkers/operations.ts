/**
 * What clients did, as history checkers see it: each operation with the time at which it was asked for, the time at which
 * its outcome was known, and that outcome. Taken from `op` entries of a history, simulated or recorded.
 *
 * A transaction is one operation; its words are MULTI, the commands with a `;` behind each, and EXEC.
 */
import type { EntryOf, Reply } from '../history.ts';

export type OpOutcome = 'ok' | 'fail' | 'info';

export interface Operation {
  readonly client: string;
  readonly id: number;
  readonly words: readonly string[];
  readonly start: number;
  /** Infinity while nobody knows: it may still take effect. */
  end: number;
  outcome: OpOutcome;
  reply: Reply;
  /** The node that answered. */
  at: string;
}

export type OpEntry = EntryOf<'op'>;

/** Collects operations from entries, in order. */
export class Operations {
  readonly all: Operation[] = [];
  /** By client and number. */
  readonly #open = new Map<string, Map<number, Operation>>();

  /** @returns the operation, if the entry is its outcome. */
  take({ t, node, id, phase, words, at, reply }: OpEntry): Operation | null {
    let open = this.#open.get(node);
    if (open === undefined) this.#open.set(node, (open = new Map()));
    if (phase === 'invoke') {
      const made: Operation = {
        client: node,
        id,
        words,
        start: t,
        end: Infinity,
        outcome: 'info',
        reply: null,
        at: at ?? '',
      };
      open.set(id, made);
      this.all.push(made);
      return null;
    }
    const operation = open.get(id);
    if (operation === undefined) return null;
    open.delete(id);
    operation.outcome = phase;
    operation.at = at ?? operation.at;
    if (phase !== 'info') operation.end = t;
    operation.reply = reply ?? null;
    return operation;
  }
}

const SEPARATOR = ';';

/** The commands of an operation: several if it is a transaction. */
export function commandsOf(words: readonly string[]): (readonly string[])[] {
  if (words[0] !== 'MULTI') return [words];
  const commands: string[][] = [];
  let command: string[] = [];
  for (const word of words.slice(1, -1)) {
    if (word !== SEPARATOR) command.push(word);
    else {
      commands.push(command);
      command = [];
    }
  }
  return commands;
}

/** The words of an operation that is a transaction. */
export function transactionOf(commands: readonly (readonly string[])[]): string[] {
  return ['MULTI', ...commands.flatMap((command) => [...command, SEPARATOR]), 'EXEC'];
}

/** One command on one key, for those who look at keys one by one. */
export interface KeyOperation {
  readonly name: string;
  readonly key: string;
  readonly argument: string;
  readonly reply: Reply;
  readonly start: number;
  readonly end: number;
  readonly outcome: OpOutcome;
  /** The node that answered. */
  readonly at: string;
}

/** Everything that was done to each key. */
export function byKey(operations: readonly Operation[]): Map<string, KeyOperation[]> {
  const keys = new Map<string, KeyOperation[]>();
  for (const { words, start, end, outcome, reply, at: node } of operations) {
    const commands = commandsOf(words);
    for (const [at, [name, key, argument = '']] of commands.entries()) {
      if (key === undefined || name === 'WAIT') continue;
      const own =
        words[0] === 'MULTI' ? (Array.isArray(reply) ? ((reply as readonly Reply[])[at] ?? null) : null) : reply;
      let list = keys.get(key);
      if (list === undefined) keys.set(key, (list = []));
      list.push({ name: name!, key, argument, reply: own, start, end, outcome, at: node });
    }
  }
  return keys;
}
