/**
 * Payloads of DUMP, RESTORE and MIGRATE: one value as in an RDB file, without key and expire time.
 *
 *   type | value | uint16 RDB version | uint64 CRC64 of all before it        (numbers little-endian)
 */
import { crc64, Crc64 } from '../../core/crc64.ts';
import type { Database } from '../../data/database.ts';
import type { Keyspace } from '../../data/keyspace.ts';
import { ByteSink } from './byte-sink.ts';
import { RDB_VERSION } from './format.ts';
import { LoadedValue } from './loaded-value.ts';
import { RdbInput, RdbString } from './rdb-input.ts';
import { startValue, typeOfValue } from './value-encoder.ts';
import type { LoadContext, LoadLimits } from './load-context.ts';
import { startLoading } from './value-loader.ts';

const VERSION_BYTES = 2;
const CHECKSUM_BYTES = 8;
const FOOTER_BYTES = VERSION_BYTES + CHECKSUM_BYTES;
const INITIAL_BYTES = 256;
/** Bytes of a payload besides the value: type, version and checksum. */
export const DUMP_FRAME_BYTES = 1 + FOOTER_BYTES;

/** The payload of an entry's value. @param compresses rdbcompression */
export function encodeDump(db: Database, entry: number, compresses: boolean): Buffer {
  const sink = new ByteSink(compresses, INITIAL_BYTES);
  sink.byte(typeOfValue(db, entry));
  startValue(sink, db, entry)?.writeTo(Infinity);
  return sealDump(sink);
}

/** Appends version and checksum to what was written. */
export function sealDump(sink: ByteSink): Buffer {
  const footer = Buffer.alloc(FOOTER_BYTES);
  footer.writeUInt16LE(RDB_VERSION);
  new Crc64().update(sink.peek()).update(footer, 0, VERSION_BYTES).writeTo(footer, VERSION_BYTES);
  sink.raw(footer);
  return sink.take();
}

/** Whether version and checksum of a payload are those that this server takes. */
export function isSealedDump(payload: Buffer, skipsChecksum: boolean): boolean {
  const body = payload.length - FOOTER_BYTES;
  if (body < 0 || payload.readUInt16LE(body) > RDB_VERSION) return false;
  if (skipsChecksum) return true;
  return payload.readBigUInt64LE(body + VERSION_BYTES) === crc64(payload, 0, body + VERSION_BYTES);
}

/** A value and what it took to trust it. */
export interface DecodedDump {
  readonly value: LoadedValue;
  /** How many packed pieces were looked at, element by element. */
  readonly packedPieces: number;
}

/**
 * Reads the value of a payload whose seal was looked at; bytes behind it are ignored, as redis-server does. The value
 * may refer to the payload: store it before that goes.
 * @throws RdbError; nothing is left behind then.
 */
export function decodeDump(payload: Buffer, keyspace: Keyspace, limits: LoadLimits): DecodedDump {
  const input = new RdbInput(payload);
  const value = new LoadedValue();
  const context: LoadContext = { keyspace, limits, string: new RdbString(), packedPieces: 0 };
  const loader = startLoading(input.byte(), input, value, context);
  if (loader !== null) {
    try {
      while (!loader.next(input));
      loader.finish(value);
    } finally {
      loader.release();
    }
  }
  return { value, packedPieces: context.packedPieces };
}
