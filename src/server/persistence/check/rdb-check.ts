/**
 * What an RDB file holds: every value is read and looked at as a server would at its start, counted, and dropped. Bytes
 * come in chunks, as for `RdbReader`.
 */
import { NO_EXPIRY } from '../../../data/database.ts';
import { Keyspace } from '../../../data/keyspace.ts';
import { KIND_NAMES } from '../../../data/value.ts';
import type { Random } from '../../../host/host.ts';
import { type LoadedValue, releaseLoaded } from '../../../persistence/rdb/loaded-value.ts';
import { RdbReader } from '../../../persistence/rdb/rdb-reader.ts';
import type { LoadedKey, RdbVisitor } from '../../../persistence/rdb/rdb-visitor.ts';
import type { CommandSettings } from '../../../commands/context.ts';

export interface DatabaseCount {
  keys: number;
  /** Keys with an expire time, and those whose time has passed. */
  volatile: number;
  expired: number;
  readonly byType: Map<string, number>;
}

const STEP_BYTES = 1 << 20;

export class RdbCheck implements RdbVisitor {
  /** Fields about the file. */
  readonly fields: [string, string][] = [];
  readonly databases = new Map<number, DatabaseCount>();
  libraries = 0;
  emptyKeys = 0;
  /** The last key that was read whole, as a binary string. */
  lastKey: string | null = null;
  isChecked = false;
  readonly #reader: RdbReader;
  readonly #nowMs: number;
  #index = 0;

  constructor(settings: CommandSettings, random: Random, nowMs: number) {
    this.#nowMs = nowMs;
    this.#reader = new RdbReader(new Keyspace(1, random), settings, this, { checksums: true });
  }

  get position(): number {
    return this.#reader.position;
  }

  get version(): number {
    return this.#reader.version;
  }

  get isDone(): boolean {
    return this.#reader.isDone;
  }

  /** What follows the file, of the bytes that were pushed. */
  get rest(): Buffer {
    return this.#reader.rest;
  }

  /** Takes the next bytes; none says that the file is at its end. @throws RdbError */
  push(chunk: Uint8Array): void {
    if (chunk.length === 0) this.#reader.complete();
    else this.#reader.push(chunk);
    while (this.#reader.step(STEP_BYTES) === 'more');
  }

  aux(name: string, value: string): void {
    this.fields.push([name, value]);
  }

  selectDb(index: number): void {
    this.#index = index;
  }

  resizeDb(): void {}

  functionLibrary(): void {
    this.libraries++;
  }

  emptyKey(): void {
    this.emptyKeys++;
  }

  entry(key: LoadedKey, value: LoadedValue): void {
    const count = this.#countOf(this.#index);
    const type = KIND_NAMES[value.kind];
    count.keys++;
    count.byType.set(type, (count.byType.get(type) ?? 0) + 1);
    if (key.expireMs !== NO_EXPIRY) {
      count.volatile++;
      if (key.expireMs < this.#nowMs) count.expired++;
    }
    this.lastKey = Buffer.from(key.keyBytes.subarray(key.keyStart, key.keyEnd)).toString('latin1');
    releaseLoaded(value);
  }

  #countOf(index: number): DatabaseCount {
    let count = this.databases.get(index);
    if (count === undefined) {
      count = { keys: 0, volatile: 0, expired: 0, byType: new Map() };
      this.databases.set(index, count);
    }
    return count;
  }

  end(isChecked: boolean): void {
    this.isChecked = isChecked;
  }
}
