/**
 * Calls by the syntax of their command's row, so that no command and no place for a number is forgotten: the arguments
 * that the row names, each drawn by its name or type, options as often there as not.
 *
 * Most calls are valid then. `withEdges` puts a number from the edges of what numbers can be into a place where the row
 * has a number, which may make the call a wrong one.
 */
import * as fc from 'fast-check';
import { type ArgumentDoc, parseSyntax } from '../../src/server/command-docs.ts';
import type { Command } from '../../src/server/command-table.ts';
import { word } from './calls.ts';
import type { Call } from './suite.ts';

/** An argument, and the place of the syntax that it fills. */
export interface Word {
  readonly text: string;
  readonly doc: ArgumentDoc | null;
}

type Words = fc.Arbitrary<Word[]>;

/** Gives what is drawn for an argument that is no word of the syntax. */
export type Vocabulary = (command: Command, doc: ArgumentDoc) => fc.Arbitrary<string>;

/** Numbers that are none, or none here, or hardly. */
export const EDGES: readonly string[] = [
  ...'0 -1 2147483648 4294967296 9223372036854775807 9223372036854775808 18446744073709551616'.split(' '),
  ...'-9223372036854775808 -9223372036854775809 1e400 -1e400 nan inf -inf 1.5 0x10 1e5 007 +1 -0 ( --1'.split(' '),
  '',
  ' 1',
  '1 ',
  '1\0',
];

const NUMERIC_TYPES = new Set<string>(['integer', 'double', 'unix-time']);
/** Arguments that the table calls strings, though numbers stand there. */
const NUMERIC_NAMES = new Set(
  'start stop end min max threshold id min-idle-time last-id max_deleted_entry_id encoding'.split(' '),
);

export function isNumeric({ type, name }: ArgumentDoc): boolean {
  return NUMERIC_TYPES.has(type) || (type === 'string' && NUMERIC_NAMES.has(name));
}

/** Calls of a command; its name in any case. */
export function wordsOf(command: Command, vocabulary: Vocabulary): Words {
  const names = command.fullName.split('|').map((name) => plain(word(name.toUpperCase())));
  const leaf = (doc: ArgumentDoc): Words => vocabulary(command, doc).map((text) => [{ text, doc }]);
  return joined([...names, sequence(parseSyntax(command.row.syntax ?? ''), leaf)]);
}

export function textsOf(words: readonly Word[]): Call {
  return words.map(({ text }) => text);
}

/** Now and then with an edge in a place for a number. */
export function withEdges(words: Words, share: number): fc.Arbitrary<Call> {
  const edge = fc.tuple(fc.nat(99), fc.nat(), fc.constantFrom(...EDGES));
  return fc.tuple(words, edge).map(([list, [dice, place, text]]) => {
    const numbers = list.filter(({ doc }) => doc !== null && isNumeric(doc));
    if (dice >= share * 100 || numbers.length === 0) return textsOf(list);
    const chosen = numbers[place % numbers.length];
    return list.map((one) => (one === chosen ? text : one.text));
  });
}

function plain(text: fc.Arbitrary<string>): Words {
  return text.map((each) => [{ text: each, doc: null }]);
}

function joined(parts: readonly Words[]): Words {
  return fc.tuple(...parts).map((lists) => lists.flat());
}

function repeated(words: Words, max = 3): Words {
  return fc.array(words, { minLength: 1, maxLength: max }).map((lists) => lists.flat());
}

function sequence(docs: readonly ArgumentDoc[], leaf: (doc: ArgumentDoc) => Words): Words {
  const parts: Words[] = [];
  for (let i = 0; i < docs.length; i++) {
    const [doc, next] = [docs[i]!, docs[i + 1]];
    if (next !== undefined && doc.name === 'numkeys' && next.multiple) {
      parts.push(numberedKeys(doc, element(next, leaf), leaf));
      i++;
    } else if (next !== undefined && doc.type === 'key' && doc.multiple && next.multiple) {
      parts.push(streams(doc, next, leaf));
      i++;
    } else parts.push(element(doc, leaf));
  }
  return joined(parts);
}

/** Keys behind their number, which is right more often than not. */
function numberedKeys(doc: ArgumentDoc, keys: Words, leaf: (doc: ArgumentDoc) => Words): Words {
  return fc.tuple(fc.nat(9), leaf(doc), keys).map(([dice, [wrong], list]) => {
    const count = { text: dice === 0 ? wrong!.text : String(list.length), doc };
    return [count, ...list];
  });
}

/** Keys, and as many IDs behind them. */
function streams(keys: ArgumentDoc, ids: ArgumentDoc, leaf: (doc: ArgumentDoc) => Words): Words {
  const pairs = fc.array(fc.tuple(leaf(keys), leaf(ids)), { minLength: 1, maxLength: 2 });
  return pairs.map((list) => [...list.flatMap(([key]) => key), ...list.flatMap(([, id]) => id)]);
}

function element(doc: ArgumentDoc, leaf: (doc: ArgumentDoc) => Words): Words {
  const inner = withToken(doc, leaf);
  const many = doc.multiple && doc.multipleToken ? repeated(inner, 2) : inner;
  return doc.optional ? fc.oneof(many, fc.constant<Word[]>([])) : many;
}

function withToken(doc: ArgumentDoc, leaf: (doc: ArgumentDoc) => Words): Words {
  const token = doc.token === null ? null : plain(word(doc.token));
  if (doc.type === 'pure-token') return token!;
  const bare = content(doc, leaf);
  const value = doc.multiple && !doc.multipleToken ? repeated(bare) : bare;
  return token === null ? value : joined([token, value]);
}

function content(doc: ArgumentDoc, leaf: (doc: ArgumentDoc) => Words): Words {
  if (doc.type === 'oneof') return fc.oneof(...doc.arguments.map((each) => element(each, leaf)));
  if (doc.type === 'block') return sequence(doc.arguments, leaf);
  return leaf(doc);
}
