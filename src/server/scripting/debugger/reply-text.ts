/** How the debugger shows what a command has replied (eval.c ldbRedisProtocolToHuman). */
import { repr } from '../../../core/repr.ts';

const CR = 13;
/** Replies that have elements: what stands around and between them, and how many there are of one. */
const COLLECTIONS: ReadonlyMap<string, readonly [open: string, close: string]> = new Map([
  ['*', ['[', ']']],
  ['~', ['~(', ')']],
  ['%', ['{', '}']],
]);

/** @param bytes begin with the reply; what follows it is not looked at. */
export function replyText(bytes: Buffer): string {
  return new ReplyTextReader(bytes).read();
}

class ReplyTextReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  read(): string {
    const type = String.fromCharCode(this.#bytes[this.#at]!);
    const line = this.#line();
    switch (type) {
      case ':':
        return line.slice(1);
      case '$':
        return this.#bulk(Number(line.slice(1)));
      case '+':
      case '-':
        return repr(line);
      case '_':
        return '(null)';
      case '#':
        return line === '#t' ? '#true' : '#false';
      case ',':
        return `(double) ${line.slice(1)}`;
      default:
        return this.#elements(type, Number(line.slice(1)));
    }
  }

  #line(): string {
    const start = this.#at;
    let end = start;
    while (this.#bytes[end] !== CR) end++;
    this.#at = end + 2;
    return this.#bytes.toString('latin1', start, end);
  }

  #bulk(length: number): string {
    if (length < 0) return 'NULL';
    const start = this.#at;
    this.#at = start + length + 2;
    return repr(this.#bytes.toString('latin1', start, start + length));
  }

  /** Redis shows nothing of types that it does not know. */
  #elements(type: string, count: number): string {
    const around = COLLECTIONS.get(type);
    if (around === undefined) return '';
    if (count < 0) return 'NULL';
    const items: string[] = [];
    for (let at = 0; at < count; at++) items.push(type === '%' ? `${this.read()} => ${this.read()}` : this.read());
    return `${around[0]}${items.join(',')}${around[1]}`;
  }
}
