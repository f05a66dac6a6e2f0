/**
 * The arguments of commands, in the notation that rows are written in (`Row.syntax`), as trees for COMMAND DOCS.
 *
 *   key value condition=[NX | XX]@2.6.12 [GET]@6.2.0 expiration=[EX seconds:integer | KEEPTTL@6.0.0]
 *   numkeys:integer key ... [WEIGHTS weight:integer ...] aggregate=[AGGREGATE <SUM | MIN | MAX>]
 *
 * - `name` or `name:type` is an argument. The types are string (what a name has without one), integer, double, key,
 *   pattern and unix-time; a name `key` has type key, `pattern` has type pattern.
 * - `TOKEN` in capitals, or "quoted", is a word that is typed as it stands. Before an argument or a group it belongs to
 *   it; alone it is an argument of type pure-token, named like the token in small letters.
 * - `[x]` is optional. `<x y>` is a block; `a | b` within brackets of either kind is a choice (oneof).
 * - `x ...` repeats. `TOKEN... x` repeats together with its token.
 * - `name=x` names a token or a group; a group without name gets those of its members, joined with underscores.
 * - Behind an element: `@6.2.0` since when it exists, `!2.8.12` since when it is deprecated, `#1` the key spec that it
 *   belongs to. Arguments of type key belong to the first spec, the second and so on without being told.
 */
import { assert } from '../core/assert.ts';

export type ArgumentType =
  'string' | 'integer' | 'double' | 'key' | 'pattern' | 'unix-time' | 'pure-token' | 'oneof' | 'block';

export interface ArgumentDoc {
  readonly name: string;
  readonly type: ArgumentType;
  readonly keySpec: number | null;
  readonly token: string | null;
  readonly since: string | null;
  readonly deprecatedSince: string | null;
  readonly optional: boolean;
  readonly multiple: boolean;
  readonly multipleToken: boolean;
  /** Of a block or a choice. */
  readonly arguments: readonly ArgumentDoc[];
}

type Draft = { -readonly [K in keyof ArgumentDoc]: ArgumentDoc[K] };

const TYPES = new Set<string>(['string', 'integer', 'double', 'key', 'pattern', 'unix-time', 'pure-token']);
const WORDS = /"[^"]*"|\.\.\.|[[\]<>|=]|@[0-9.]+|![0-9.]+|#[0-9]+|[^\s[\]<>|=@!#"]+/g;
const NAMED = /^(?:key|pattern)$/;

/** Parses a row's syntax. The notation is part of the program: a mistake in it is a bug. */
export function parseSyntax(syntax: string): ArgumentDoc[] {
  return new Parser(syntax.match(WORDS) ?? []).parse();
}

class Parser {
  readonly #words: readonly string[];
  #at = 0;
  #keys = 0;

  constructor(words: readonly string[]) {
    this.#words = words.flatMap((word) =>
      word.length > 3 && word.endsWith('...') ? [word.slice(0, -3), '...'] : [word],
    );
  }

  parse(): ArgumentDoc[] {
    const result = this.#sequence();
    assert(this.#at === this.#words.length, 'every bracket in the syntax of a command is opened before it is closed');
    return result;
  }

  #peek(): string | undefined {
    return this.#words[this.#at];
  }

  #take(word: string): boolean {
    if (this.#peek() !== word) return false;
    this.#at++;
    return true;
  }

  #sequence(): Draft[] {
    const result: Draft[] = [];
    for (let word = this.#peek(); word !== undefined && !/^[\]>|]$/.test(word); word = this.#peek()) {
      result.push(this.#element());
    }
    return result;
  }

  #element(): Draft {
    const next = this.#words[this.#at + 1];
    const name = next === '=' ? this.#words[this.#at]! : null;
    if (name !== null) this.#at += 2;
    const element = this.#peek() === '[' || this.#peek() === '<' ? this.#group(name) : this.#word(name);
    this.#suffixes(element);
    return element;
  }

  #group(name: string | null): Draft {
    const optional = this.#words[this.#at++] === '[';
    const alternatives = [this.#sequence()];
    while (this.#take('|')) alternatives.push(this.#sequence());
    const closed = this.#take(optional ? ']' : '>');
    assert(closed, 'every bracket in the syntax of a command is closed');
    const only = alternatives[0]!;
    let element: Draft;
    if (alternatives.length > 1) element = group('oneof', alternatives.map(asOne));
    else if (optional && only.length === 1) element = only[0]!;
    else element = group('block', only);
    if (name !== null) element.name = name;
    if (optional) element.optional = true;
    return element;
  }

  #word(name: string | null): Draft {
    const word = this.#words[this.#at++];
    assert(word !== undefined && !/^[\]>|=.]$/.test(word), 'the syntax of a command has an argument where one is due');
    if (!isToken(word)) return this.#argument(word);
    const token = word.startsWith('"') ? word.slice(1, -1) : word;
    const repeated = this.#peek() === '...' && this.#startsElement(this.#words[this.#at + 1]);
    if (repeated) this.#at++;
    if (name !== null || !this.#startsArgument()) return draft(name ?? token.toLowerCase(), 'pure-token', token);
    const element = this.#element();
    element.token = token;
    if (repeated) element.multiple = element.multipleToken = true;
    return element;
  }

  #startsElement(word: string | undefined): boolean {
    return word !== undefined && /^[^\]>|.@!#]/.test(word);
  }

  /** What follows a token belongs to it if it is an argument or a group in angle brackets. */
  #startsArgument(): boolean {
    const word = this.#peek();
    if (!this.#startsElement(word)) return false;
    if (this.#words[this.#at + 1] === '=') return this.#words[this.#at + 2] === '<';
    return word === '<' || (word !== '[' && !isToken(word!));
  }

  #argument(word: string): Draft {
    const colon = word.lastIndexOf(':');
    const hasType = colon > 0 && TYPES.has(word.slice(colon + 1));
    const name = hasType ? word.slice(0, colon) : word;
    const type = hasType ? word.slice(colon + 1) : NAMED.test(word) ? word : 'string';
    const element = draft(name, type as ArgumentType, null);
    if (type === 'key') element.keySpec = this.#keys++;
    return element;
  }

  #suffixes(element: Draft): void {
    for (let word = this.#peek(); word !== undefined; word = this.#peek()) {
      if (word === '...') element.multiple = true;
      else if (word.startsWith('@')) element.since = word.slice(1);
      else if (word.startsWith('!')) element.deprecatedSince = word.slice(1);
      else if (word.startsWith('#')) {
        if (element.type === 'key') this.#keys--;
        element.keySpec = Number(word.slice(1));
      } else return;
      this.#at++;
    }
  }
}

function isToken(word: string): boolean {
  return word.startsWith('"') || /^[A-Z][A-Z0-9_-]*$/.test(word);
}

function draft(name: string, type: ArgumentType, token: string | null): Draft {
  return {
    name,
    type,
    keySpec: null,
    token,
    since: null,
    deprecatedSince: null,
    optional: false,
    multiple: false,
    multipleToken: false,
    arguments: [],
  };
}

function group(type: 'oneof' | 'block', members: readonly Draft[]): Draft {
  return { ...draft(members.map(({ name }) => name).join('_'), type, null), arguments: members };
}

function asOne(sequence: readonly Draft[]): Draft {
  return sequence.length === 1 ? sequence[0]! : group('block', sequence);
}
