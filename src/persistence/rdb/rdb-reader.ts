/**
 * Reads an RDB file that comes in arbitrary chunks, without any I/O:
 *
 *   const reader = new RdbReader(keyspace, limits, visitor, { checksums: true });
 *   reader.push(chunk);                        // copies it
 *   while (reader.step(1 << 20) === 'more') ... let others have their turn ...
 *   // 'input': push more, or `complete()` if there is none; 'done': `rest` is what follows the file
 *
 * Keys are told to the visitor one by one (rdb-visitor.ts; dataset-loader.ts is the one that fills databases). Values are
 * built on the keyspace's heap, large ones element by element, so that a step's work is bounded by its budget however
 * large a value is: only a string or a packed node is taken at once. What cannot be read throws an `RdbError` with
 * redis-server's text, and so may the visitor throw; the reader then frees what it had begun, and is of no further use.
 * Call `abandon` to end it early.
 *
 * Nothing that comes out of a file is trusted: lengths do not lead to allocations before the bytes are there, and packed
 * values are looked at element by element.
 */
import { Crc64 } from '../../core/crc64.ts';
import { NO_EXPIRY } from '../../data/database.ts';
import type { Keyspace } from '../../data/keyspace.ts';
import { MAGIC_BYTES, OPCODE, RDB_VERSION } from './format.ts';
import { readFunctionLibrary } from './function-library.ts';
import { LoadedValue, releaseLoaded } from './loaded-value.ts';
import { moduleTypeName } from './module-type.ts';
import { RdbError, SHORT_READ } from './rdb-error.ts';
import { RdbInput, RdbString, SHORT_INPUT } from './rdb-input.ts';
import type { LoadedKey, RdbVisitor } from './rdb-visitor.ts';
import type { LoadContext, LoadLimits, ValueLoader } from './load-context.ts';
import { startLoading } from './value-loader.ts';

/** 'more': the budget is used up; 'input': more bytes are needed; 'done': the file is complete. */
export type RdbProgress = 'more' | 'input' | 'done';

export interface RdbReaderOptions {
  /** rdbchecksum: whether the checksum at the end is looked at. */
  readonly checksums: boolean;
}

const FIRST_CHECKED_VERSION = 5;
const CHECKSUM_BYTES = 8;
const MODULE_UINT = 2;
const NO_CHECKSUM = Buffer.alloc(CHECKSUM_BYTES);

type State = 'magic' | 'opcode' | 'value' | 'checksum' | 'done' | 'failed';

export class RdbReader {
  readonly #context: LoadContext;
  readonly #visitor: RdbVisitor;
  readonly #checksums: boolean;
  readonly #input = new RdbInput();
  readonly #crc = new Crc64();
  readonly #string = new RdbString();
  readonly #other = new RdbString();
  readonly #value = new LoadedValue();
  readonly #key: LoadedKey = {
    keyBytes: NO_CHECKSUM,
    keyStart: 0,
    keyEnd: 0,
    expireMs: NO_EXPIRY,
    idleSeconds: -1,
    frequency: -1,
  };
  #state: State = 'magic';
  #version = 0;
  #loader: ValueLoader | null = null;

  constructor(keyspace: Keyspace, limits: LoadLimits, visitor: RdbVisitor, options: RdbReaderOptions) {
    this.#context = { keyspace, limits, string: new RdbString(), packedPieces: 0 };
    this.#visitor = visitor;
    this.#checksums = options.checksums;
  }

  /** Takes a copy of the next bytes of the file. */
  push(chunk: Uint8Array): void {
    this.#input.push(chunk);
  }

  /** The file ends with what was pushed: `step` then fails where bytes are missing. */
  complete(): void {
    this.#input.complete();
  }

  /** Bytes that were read so far. */
  get position(): number {
    return this.#input.position;
  }

  /** Of the file, once its first bytes are read. */
  get version(): number {
    return this.#version;
  }

  get isDone(): boolean {
    return this.#state === 'done';
  }

  /** What was pushed and is not read yet: at the end, what follows the file. Valid until the next `push`. */
  get rest(): Buffer {
    return this.#input.rest;
  }

  /** Reads on for about so many bytes. @throws RdbError */
  step(budgetBytes: number): RdbProgress {
    if (this.isDone) return 'done';
    const input = this.#input;
    if (!input.hasNeeded) return 'input';
    const end = input.position + budgetBytes;
    try {
      do {
        input.mark();
        this.#unit();
      } while (!this.isDone && input.position < end);
      input.mark();
    } catch (error) {
      if (error !== SHORT_INPUT) {
        this.abandon();
        throw error;
      }
      input.rewind();
    }
    if (this.isDone) return 'done';
    const progress = input.position < end ? 'input' : 'more';
    if (this.#checksums) this.#crc.update(input.takeUnits());
    input.trim();
    return progress;
  }

  /** Frees a value that was begun. Nothing more is read. */
  abandon(): void {
    this.#loader?.release();
    this.#loader = null;
    releaseLoaded(this.#value);
    if (this.#state !== 'done') this.#state = 'failed';
  }

  #unit(): void {
    switch (this.#state) {
      case 'opcode':
        return this.#readOpcode();
      case 'value':
        if (this.#loader!.next(this.#input)) this.#finishValue();
        return;
      case 'magic':
        return this.#readMagic();
      case 'checksum':
        return this.#readChecksum();
      default:
        throw new RdbError('corrupt', SHORT_READ);
    }
  }

  #readMagic(): void {
    this.#input.raw(MAGIC_BYTES, this.#string);
    const magic = this.#string.text;
    if (!magic.startsWith('REDIS')) throw new RdbError('version', 'Wrong signature trying to load DB from file');
    const version = Number.parseInt(magic.slice(5), 10) || 0;
    if (version < 1 || version > RDB_VERSION) {
      throw new RdbError('version', `Can't handle RDB format version ${version}`);
    }
    this.#version = version;
    this.#state = 'opcode';
  }

  #readChecksum(): void {
    this.#input.raw(CHECKSUM_BYTES, this.#string);
    const { bytes, start, end } = this.#string;
    if (this.#checksums) this.#crc.update(this.#input.takeUnits());
    const isChecked = this.#checksums && !NO_CHECKSUM.equals(bytes.subarray(start, end));
    if (isChecked && !this.#crc.matches(bytes, start)) {
      const got = Buffer.from(bytes.subarray(start, end)).readBigUInt64LE();
      const expected = this.#crc.value();
      throw new RdbError(
        'checksum',
        `Wrong RDB checksum expected: (${expected.toString(16)}) but got (${got.toString(16)}). Aborting now.`,
      );
    }
    this.#finish(isChecked);
  }

  #finish(isChecked: boolean): void {
    this.#state = 'done';
    this.#visitor.end(isChecked);
  }

  #readOpcode(): void {
    const input = this.#input;
    const key = this.#key;
    const opcode = input.byte();
    switch (opcode) {
      case OPCODE.expireMs:
        key.expireMs = input.int64();
        return;
      case OPCODE.expireSeconds:
        key.expireMs = input.int32LE() * 1000;
        return;
      case OPCODE.idle:
        key.idleSeconds = Number(input.length64());
        return;
      case OPCODE.frequency:
        key.frequency = input.byte();
        return;
      case OPCODE.end:
        if (this.#version < FIRST_CHECKED_VERSION) this.#finish(false);
        else this.#state = 'checksum';
        return;
      case OPCODE.selectDb:
        return this.#visitor.selectDb(input.length());
      case OPCODE.resizeDb: {
        const keys = Number(input.length64());
        return this.#visitor.resizeDb(keys, Number(input.length64()));
      }
      case OPCODE.aux:
        input.string(this.#string);
        input.string(this.#other);
        return this.#visitor.aux(this.#string.text, this.#other.text);
      case OPCODE.functionLibrary:
      case OPCODE.oldFunction:
        return this.#visitor.functionLibrary(readFunctionLibrary(opcode, input));
      case OPCODE.moduleAux:
        return this.#refuseModuleAux();
      default:
        return this.#readKey(opcode);
    }
  }

  #refuseModuleAux(): void {
    const input = this.#input;
    const id = input.length64();
    const opcode = input.length();
    input.length();
    if (opcode !== MODULE_UINT) throw new RdbError('corrupt', 'bad when_opcode');
    throw new RdbError(
      'unsupported',
      `The RDB file contains AUX module data I can't load: no matching module '${moduleTypeName(id)}'`,
    );
  }

  // -------------------------------------------------------------------------------------------------------------- keys

  #readKey(type: number): void {
    const input = this.#input;
    const string = this.#string;
    const key = this.#key;
    input.string(string);
    const loader = startLoading(type, input, this.#value, this.#context);
    key.keyBytes = string.bytes;
    key.keyStart = string.start;
    key.keyEnd = string.end;
    if (loader === null) return this.#deliver();
    // The value takes more units than this one, and the key has to last as long.
    key.keyBytes = string.copy();
    key.keyStart = 0;
    key.keyEnd = key.keyBytes.length;
    this.#loader = loader;
    this.#state = 'value';
  }

  #finishValue(): void {
    const loader = this.#loader!;
    this.#loader = null;
    this.#state = 'opcode';
    loader.finish(this.#value);
    this.#deliver();
  }

  #deliver(): void {
    const key = this.#key;
    if (this.#value.isEmpty) this.#visitor.emptyKey(key);
    else this.#visitor.entry(key, this.#value);
    key.expireMs = NO_EXPIRY;
    key.idleSeconds = key.frequency = -1;
  }
}
