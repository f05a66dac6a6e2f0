import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  bigIntegerOfElement,
  binaryOfElement,
  bytesOfElements,
  copyElement,
  elementBytes,
  elementCount,
  elementLength,
  endOfListpack,
  findElement,
  firstElement,
  integerOfElement,
  isElement,
  isIntegerElement,
  isValidListpack,
  lastElement,
  listpackBytes,
  nextElement,
  previousElement,
  seekElement,
} from '../../src/data/listpack.ts';
import {
  appendElement,
  bytesForElement,
  bytesForInteger,
  insertElement,
  removeElements,
  replaceElement,
  spliceListpack,
  writeBigIntegerElement,
  writeEmptyListpack,
  writeIntegerElement,
} from '../../src/data/listpack-edit.ts';
import { EMPTY_LISTPACK_BYTES, NO_ELEMENT } from '../../src/data/listpack-format.ts';
import { listNodesOf, packedBytesOf, RDB_TYPE } from '../support/dump-payload.ts';
import { startRedis } from '../support/redis-process.ts';
import { describeWith } from '../support/requires.ts';
import type { RespClient } from '../support/resp-client.ts';

/** Listpacks lie behind other bytes. */
const AT = 3;

/** A listpack in a buffer that is large enough, given and read as binary strings. */
class Pack {
  readonly bytes: Buffer;

  constructor(elements: readonly string[] = [], room = 1 << 16) {
    this.bytes = Buffer.alloc(room, 0xaa);
    writeEmptyListpack(this.bytes, AT);
    for (const element of elements) this.append(element);
  }

  get whole(): Buffer {
    return this.bytes.subarray(AT, AT + listpackBytes(this.bytes, AT));
  }

  append(element: string): void {
    const source = Buffer.from(`<${element}>`, 'latin1');
    appendElement(this.bytes, AT, source, 1, source.length - 1);
  }

  insert(index: number, element: string): void {
    const source = Buffer.from(element, 'latin1');
    const p = this.seek(index);
    insertElement(this.bytes, AT, p === NO_ELEMENT ? endOfListpack(this.bytes, AT) : p, source, 0, source.length);
  }

  replace(index: number, element: string): void {
    const source = Buffer.from(element, 'latin1');
    replaceElement(this.bytes, AT, this.seek(index), source, 0, source.length);
  }

  remove(index: number, count: number): void {
    const p = this.seek(index);
    if (p !== NO_ELEMENT) removeElements(this.bytes, AT, p, count);
  }

  find(element: string, stride = 1): number {
    const source = Buffer.from(element, 'latin1');
    return findElement(this.bytes, firstElement(this.bytes, AT), stride, source, 0, source.length);
  }

  seek(index: number): number {
    return seekElement(this.bytes, AT, index);
  }

  /** Positions of all elements, first to last. */
  positions(): number[] {
    const found: number[] = [];
    for (let p = firstElement(this.bytes, AT); p !== NO_ELEMENT; p = nextElement(this.bytes, p)) found.push(p);
    return found;
  }

  positionsBackwards(): number[] {
    const found: number[] = [];
    for (let p = lastElement(this.bytes, AT); p !== NO_ELEMENT; p = previousElement(this.bytes, AT, p)) found.push(p);
    return found;
  }

  elements(): string[] {
    return this.positions().map((p) => binaryOfElement(this.bytes, p));
  }
}

const boundaries = [7, 12, 15, 23, 31, 63].flatMap((bits) => {
  const power = 2n ** BigInt(bits);
  return [power - 1n, power, power + 1n, -power + 1n, -power, -power - 1n];
});

const element = fc.oneof(
  fc.constantFrom(...boundaries.map(String)),
  fc.integer({ min: -200, max: 5000 }).map(String),
  fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n).map(String),
  fc.constantFrom('', '-', '-0', '00', '01', '+1', ' 1', '1 ', '9223372036854775808', '-9223372036854775809'),
  fc.string({ unit: fc.nat(255).map((code) => String.fromCharCode(code)), maxLength: 8 }),
  fc.constantFrom(62, 63, 64, 125, 126, 4095, 4096).map((length) => 'x'.repeat(length)),
);

describe('a listpack', () => {
  it('starts with its header and the end mark', () => {
    expect(new Pack().whole).toEqual(Buffer.from('070000000000ff', 'hex'));
    expect(new Pack().whole.length).toBe(EMPTY_LISTPACK_BYTES);
    expect(new Pack().positions()).toEqual([]);
    expect(new Pack().positionsBackwards()).toEqual([]);
  });

  it('encodes integers as short as they go, and texts with a head of one, two or five bytes', () => {
    const encoded = (text: string): string => new Pack([text]).whole.toString('hex', 6).slice(0, -2);
    expect(encoded('0')).toBe('0001');
    expect(encoded('127')).toBe('7f01');
    expect(encoded('128')).toBe('c08002');
    expect(encoded('-1')).toBe('dfff02');
    expect(encoded('-4096')).toBe('d00002');
    expect(encoded('4096')).toBe('f1001003');
    expect(encoded('-32769')).toBe('f2ff7fff04');
    expect(encoded('8388608')).toBe('f30000800005');
    expect(encoded('-2147483649')).toBe('f4ffffff7fffffffff09');
    expect(encoded('9223372036854775807')).toBe('f4ffffffffffffff7f09');
    expect(encoded('')).toBe('8001');
    expect(encoded('ab')).toBe('82616203');
    expect(encoded('x'.repeat(64))).toBe(`e040${'78'.repeat(64)}42`);
    expect(encoded('x'.repeat(300))).toBe(`e12c${'78'.repeat(300)}02ae`);
    expect(encoded('x'.repeat(4096))).toBe(`f000100000${'78'.repeat(4096)}2085`);
  });

  it('keeps any elements and finds them in both directions', () => {
    fc.assert(
      fc.property(fc.array(element, { maxLength: 30 }), (elements) => {
        const pack = new Pack(elements, 1 << 18);
        const positions = pack.positions();
        expect(pack.elements()).toEqual(elements);
        expect(pack.positionsBackwards()).toEqual(positions.toReversed());
        expect(elementCount(pack.bytes, AT)).toBe(elements.length);
        expect(pack.bytes[AT + pack.whole.length]).toBe(0xaa);
        expect(isValidListpack(pack.bytes, AT, pack.whole.length, true)).toBe(true);
        for (let index = -elements.length - 1; index <= elements.length; index++) {
          expect(pack.seek(index)).toBe(elements.at(index) === undefined ? NO_ELEMENT : positions.at(index));
          if (index >= elements.length) expect(pack.seek(index)).toBe(NO_ELEMENT);
        }
      }),
    );
  });

  it('tells of each element its length, its bytes and its value', () => {
    fc.assert(
      fc.property(element, (text) => {
        const pack = new Pack([text, 'after']);
        const p = firstElement(pack.bytes, AT);
        const source = Buffer.from(`..${text}`, 'latin1');
        const copy = Buffer.alloc(text.length + 2);
        expect(elementLength(pack.bytes, p)).toBe(text.length);
        expect(copyElement(pack.bytes, p, copy, 2)).toBe(text.length + 2);
        expect(copy.toString('latin1', 2)).toBe(text);
        expect(elementBytes(pack.bytes, p)).toBe(bytesForElement(source, 2, source.length));
        expect(isElement(pack.bytes, p, source, 2, source.length)).toBe(true);
        expect(isElement(pack.bytes, p, source, 1, source.length)).toBe(false);
        const isInteger = /^(0|-?[1-9]\d*)$/.test(text) && BigInt.asIntN(64, BigInt(text)) === BigInt(text);
        expect(isIntegerElement(pack.bytes, p)).toBe(isInteger);
        if (!isInteger) return;
        const exact = BigInt(text);
        const isSafe = Number.isSafeInteger(Number(text));
        expect(bigIntegerOfElement(pack.bytes, p)).toBe(exact);
        expect(integerOfElement(pack.bytes, p)).toBe(isSafe ? Number(text) : Number(text) * Infinity);
        expect(bytesForInteger(isSafe ? Number(text) : Infinity)).toBe(elementBytes(pack.bytes, p));
        const again = Buffer.alloc(16);
        const end = writeBigIntegerElement(again, 1, exact);
        expect(again.subarray(1, end)).toEqual(pack.bytes.subarray(p, p + end - 1));
        if (isSafe) expect(writeIntegerElement(Buffer.alloc(16), 1, Number(text))).toBe(end);
      }),
    );
  });

  it('does what an array does when it is edited', () => {
    const edit = fc.record({
      what: fc.constantFrom('insert', 'append', 'replace', 'remove', 'find'),
      index: fc.integer({ min: -8, max: 8 }),
      count: fc.integer({ min: 0, max: 4 }),
      text: element,
    });
    fc.assert(
      fc.property(
        fc.array(element, { maxLength: 6 }),
        fc.array(edit, { maxLength: 30, size: 'max' }),
        (start, edits) => {
          const pack = new Pack(start, 1 << 18);
          const model = [...start];
          for (const { what, index, count, text } of edits) {
            const known = model.at(index) !== undefined && index < model.length;
            const place = index < 0 ? index + model.length : index;
            if (what === 'append') {
              pack.append(text);
              model.push(text);
            } else if (what === 'insert') {
              pack.insert(index, text);
              model.splice(known ? place : model.length, 0, text);
            } else if (what === 'replace' && known) {
              pack.replace(index, text);
              model[place] = text;
            } else if (what === 'remove' && known) {
              const p = pack.seek(index);
              const before = pack.whole.length;
              const bytes = bytesOfElements(pack.bytes, p, count);
              pack.remove(index, count);
              model.splice(place, count);
              expect(pack.whole.length).toBe(before - bytes);
            } else if (what === 'find') {
              const found = model.indexOf(text);
              expect(pack.find(text)).toBe(found < 0 ? NO_ELEMENT : pack.seek(found));
            }
            expect(pack.elements()).toEqual(model);
          }
          expect(pack.whole).toEqual(new Pack(model, 1 << 18).whole);
        },
      ),
    );
  });

  it('searches every second element when it holds pairs', () => {
    const pack = new Pack(['a', 'b', 'b', 'a', '1', '2', '2', '1', 'x'.repeat(70), 'end', 'end', '70000']);
    expect(pack.find('b', 2)).toBe(pack.seek(2));
    expect(pack.find('2', 2)).toBe(pack.seek(6));
    expect(pack.find('end', 2)).toBe(pack.seek(10));
    expect(pack.find('70000', 2)).toBe(NO_ELEMENT);
    expect(pack.find('nowhere', 2)).toBe(NO_ELEMENT);
    expect(new Pack().find('a')).toBe(NO_ELEMENT);
  });

  it('tells integers apart that round to the same double', () => {
    const pack = new Pack(['9007199254740993', '9007199254740992', '-9223372036854775808', '-9223372036854775807']);
    expect(pack.find('9007199254740992')).toBe(pack.seek(1));
    expect(pack.find('-9223372036854775807')).toBe(pack.seek(3));
    expect(pack.find('9007199254740994')).toBe(NO_ELEMENT);
  });

  it('finds integers and texts that another writer encoded longer than needed', () => {
    const pack = new Pack(['0', 'pad']);
    const p = firstElement(pack.bytes, AT);
    spliceListpack(pack.bytes, AT, p, 2, 4, 0);
    pack.bytes.set([0xf1, 5, 0, 3], p);
    expect(pack.find('5')).toBe(p);
    spliceListpack(pack.bytes, AT, p, 4, 4, 0);
    pack.bytes.set([0xe0, 1, 0x61, 3], p);
    expect(pack.find('a')).toBe(p);
    expect(pack.find('pad')).toBe(pack.seek(1));
  });

  it('counts its elements where the header cannot, and corrects the header when it can again', () => {
    const pack = new Pack([], 1 << 18);
    for (let i = 0; i < 65534; i++) pack.append('7');
    expect(pack.bytes.readUInt16LE(AT + 4)).toBe(65534);
    pack.append('last');
    expect(pack.bytes.readUInt16LE(AT + 4)).toBe(65535);
    expect(elementCount(pack.bytes, AT)).toBe(65535);
    pack.append('more');
    expect(elementCount(pack.bytes, AT)).toBe(65536);
    expect(binaryOfElement(pack.bytes, pack.seek(-1))).toBe('more');
    expect(binaryOfElement(pack.bytes, pack.seek(65534))).toBe('last');
    expect(pack.seek(65536)).toBe(NO_ELEMENT);
    pack.remove(0, 100);
    expect(pack.bytes.readUInt16LE(AT + 4)).toBe(65535);
    expect(elementCount(pack.bytes, AT)).toBe(65436);
    expect(pack.bytes.readUInt16LE(AT + 4)).toBe(65436);
  });

  it('takes elements of megabytes', () => {
    for (const length of [16378, 16379, 2097146, 2097147]) {
      const text = 'y'.repeat(length);
      const pack = new Pack(['before', text, 'after'], length + 100);
      expect(pack.elements()).toEqual(['before', text, 'after']);
      expect(pack.positionsBackwards()).toEqual(pack.positions().toReversed());
    }
  });

  it('refuses what is no listpack', () => {
    const { whole } = new Pack(['a', '1', '300', 'x'.repeat(100), '70000', '12345678901']);
    expect(isValidListpack(whole, 0, whole.length, true)).toBe(true);
    expect(isValidListpack(whole, 0, whole.length - 1, true)).toBe(false);
    expect(isValidListpack(whole, 0, 3, true)).toBe(false);
    for (let i = 0; i < whole.length; i++) {
      for (const byte of [0, 0x7f, 0x80, 0xbf, 0xc0, 0xef, 0xf0, 0xf4, 0xf5, 0xff]) {
        const broken = Buffer.from(whole);
        broken[i] = byte;
        // Whatever passes can be walked to its end.
        if (!isValidListpack(broken, 0, broken.length, true)) continue;
        let p = firstElement(broken, 0);
        for (; p !== NO_ELEMENT; p = nextElement(broken, p)) expect(p).toBeLessThan(broken.length);
      }
    }
  });
});

describeWith('redis-server', 'listpacks of real Redis', () => {
  const options = { rdbcompression: 'no', 'list-max-listpack-size': -5, 'hash-max-listpack-value': 100000 };

  const dump = async (client: RespClient, key: string): Promise<Buffer> =>
    Buffer.from((await client.call('DUMP', key)) as Uint8Array);

  it('have the same bytes for hashes', async () => {
    await using redis = await startRedis({ options });
    await using client = await redis.connect({ bulkAsBuffer: true });
    const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');
    const step = fc.record({
      isRemoval: fc.nat(3).map((n) => n === 0),
      field: fc.nat(9),
      value: element,
      odd: element,
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 20 }), async (steps) => {
        const pack = new Pack([], 1 << 18);
        const names = ['f', '1', '-1', '300', '70000', 'x'.repeat(64), '', '9223372036854775807', 'g', '\xff'];
        await client.call('DEL', 'h');
        for (const { isRemoval, field, value } of steps) {
          const name = names[field]!;
          const p = pack.find(name, 2);
          if (isRemoval) {
            await client.call('HDEL', 'h', latin1(name));
            if (p !== NO_ELEMENT) removeElements(pack.bytes, AT, p, 2);
          } else {
            await client.call('HSET', 'h', latin1(name), latin1(value));
            if (p === NO_ELEMENT) {
              pack.append(name);
              pack.append(value);
            } else {
              const source = latin1(value);
              replaceElement(pack.bytes, AT, nextElement(pack.bytes, p), source, 0, source.length);
            }
          }
        }
        if (elementCount(pack.bytes, AT) === 0) return;
        const { type, bytes } = packedBytesOf(await dump(client, 'h'));
        expect(type).toBe(RDB_TYPE.hashListpack);
        expect(bytes).toEqual(pack.whole);
      }),
      { numRuns: 60 },
    );
  });

  it('have the same bytes for lists', async () => {
    await using redis = await startRedis({ options });
    await using client = await redis.connect({ bulkAsBuffer: true });
    const step = fc.record({
      what: fc.constantFrom('LPUSH', 'RPUSH', 'LSET', 'LTRIM', 'LINSERT'),
      text: element.filter((text) => text.length < 1000),
      index: fc.integer({ min: -5, max: 5 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 20 }), async (steps) => {
        const pack = new Pack([], 1 << 18);
        await client.call('DEL', 'l');
        for (const { what, text, index } of steps) {
          const value = Buffer.from(text, 'latin1');
          const p = pack.seek(index);
          if (what === 'LPUSH' || what === 'RPUSH') {
            await client.call(what, 'l', value);
            if (what === 'RPUSH') pack.append(text);
            else pack.insert(0, text);
          } else if (what === 'LSET' && p !== NO_ELEMENT) {
            await client.call('LSET', 'l', index, value);
            pack.replace(index, text);
          } else if (what === 'LTRIM' && index >= 0 && p !== NO_ELEMENT) {
            await client.call('LTRIM', 'l', 0, index);
            pack.remove(index + 1, 1000);
          } else if (what === 'LINSERT' && p !== NO_ELEMENT) {
            const pivot = pack.elements().at(index)!;
            await client.call('LINSERT', 'l', 'BEFORE', Buffer.from(pivot, 'latin1'), value);
            insertElement(pack.bytes, AT, pack.find(pivot), value, 0, value.length);
          }
        }
        if (elementCount(pack.bytes, AT) === 0) return;
        expect(listNodesOf(await dump(client, 'l'))).toEqual([pack.whole]);
      }),
      { numRuns: 60 },
    );
  });
});
