/** Lists: element by element, or node by node. */
import { elementCount, isValidListpack } from '../../data/listpack.ts';
import { ListValue } from '../../data/list-value.ts';
import { KIND } from '../../data/value.ts';
import { NODE_PACKED, NODE_PLAIN, TYPE } from './format.ts';
import type { LoadedValue } from './loaded-value.ts';
import { listpackOfZiplist } from './packed-loader.ts';
import { corrupt, RdbError, SHORT_READ } from './rdb-error.ts';
import { type RdbInput, RdbString } from './rdb-input.ts';
import type { LoadContext, ValueLoader } from './load-context.ts';
import { walkZiplist } from './ziplist.ts';

export class ListLoader implements ValueLoader {
  readonly #type: number;
  readonly #string = new RdbString();
  readonly #context: LoadContext;
  #list: ListValue | null;
  #left: number;

  constructor(type: number, count: number, context: LoadContext) {
    this.#type = type;
    this.#left = count;
    this.#context = context;
    this.#list = new ListValue(context.keyspace.heap, context.limits.listNodeFill);
  }

  next(input: RdbInput): boolean {
    const string = this.#string;
    const container = this.#type === TYPE.listQuicklist2 ? input.length() : NODE_PACKED;
    input.string(string);
    const { bytes, start, end } = string;
    const list = this.#list!;
    if (this.#type === TYPE.list) list.push(false, bytes, start, end, this.#context.limits.plainElementBytes);
    else if (this.#type === TYPE.listZiplist) this.#pushAll(list, bytes, start, end);
    else {
      if (container !== NODE_PACKED && container !== NODE_PLAIN) corrupt('Quicklist integrity check failed.');
      if (start === end) throw new RdbError('short', SHORT_READ);
      if (container === NODE_PLAIN) list.appendNode(bytes, start, end, true);
      else if (this.#type === TYPE.listQuicklist) this.#appendZiplist(bytes, start, end);
      else this.#appendNode(bytes, start, end);
    }
    return --this.#left === 0;
  }

  /** The whole list is one ziplist. */
  #pushAll(list: ListValue, bytes: Uint8Array, start: number, end: number): void {
    const isZiplist = walkZiplist(bytes, start, end, (element, from, to) => {
      list.push(false, element, from, to, this.#context.limits.plainElementBytes);
      return true;
    });
    if (!isZiplist) corrupt('List ziplist integrity check failed.');
  }

  #appendZiplist(bytes: Uint8Array, start: number, end: number): void {
    const listpack = listpackOfZiplist(bytes, start, end);
    if (listpack === null) return corrupt('Ziplist integrity check failed.');
    if (listpack.count > 0) this.#list!.appendNode(listpack.bytes, 0, listpack.length, false);
  }

  #appendNode(bytes: Uint8Array, start: number, end: number): void {
    this.#context.packedPieces++;
    if (!isValidListpack(bytes, start, end - start, true)) corrupt('Listpack integrity check failed.');
    if (elementCount(bytes, start) > 0) this.#list!.appendNode(bytes, start, end, false);
  }

  finish(value: LoadedValue): void {
    const list = this.#list!;
    this.#list = null;
    if (list.size === 0) value.setEmpty(KIND.list);
    else value.setObject(list);
  }

  release(): void {
    while (this.#list !== null && !this.#list.releaseSome());
    this.#list = null;
  }
}
