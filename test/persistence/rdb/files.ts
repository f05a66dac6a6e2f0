/** RDB files made and read without a disk: what the tests of files have in common. */
import { RdbReader } from '../../../src/persistence/rdb/rdb-reader.ts';
import { RdbWriter, type RdbWriterOptions } from '../../../src/persistence/rdb/rdb-writer.ts';
import { type DatasetListener, DatasetLoader } from '../../../src/persistence/rdb/dataset-loader.ts';
import { startTestServer, type TestServer } from '../../support/in-process.ts';

export interface WriteOptions extends Partial<RdbWriterOptions> {
  /** Bytes per piece of a value. */
  readonly piece?: number;
}

/** The file of everything that a server holds. */
export function fileOf({ server }: TestServer, options: WriteOptions = {}): Buffer {
  const { piece = Infinity, compresses = true, checksums = true, usage = 'none' } = options;
  const writer = new RdbWriter({ compresses, checksums, usage });
  const pieces: Buffer[] = [];
  writer.header();
  writer.aux('redis-ver', '7.0.15');
  writer.aux('redis-bits', 64);
  for (const database of server.keyspace.databases) {
    if (database.size === 0) continue;
    writer.selectDb(database.index);
    writer.resizeDb(database.size, database.volatileSize);
    database.dict.forEach((entry) => {
      writer.startEntry(database, entry);
      while (!writer.writeMore(piece)) pieces.push(writer.take());
    });
  }
  writer.end();
  pieces.push(writer.take());
  return Buffer.concat(pieces);
}

export interface ReadOptions {
  /** Bytes per chunk that arrives. */
  readonly chunk?: number;
  /** Bytes per step. */
  readonly step?: number;
  readonly dropsExpired?: boolean;
  readonly listener?: DatasetListener;
  readonly into?: TestServer;
}

/** A server that holds what a file says; throws as the reader does. */
export function readFile(file: Buffer, options: ReadOptions = {}): { redis: TestServer; loader: DatasetLoader } {
  const { chunk = file.length + 1, step = Infinity, dropsExpired = true, listener, into } = options;
  const redis = into ?? startTestServer();
  const { keyspace, settings } = redis.server;
  const loader = new DatasetLoader(keyspace, { dropsExpired, allowsDuplicates: false, ...(listener && { listener }) });
  const reader = new RdbReader(keyspace, settings, loader, { checksums: true });
  try {
    for (let at = 0; at < file.length; at += chunk) {
      reader.push(file.subarray(at, at + chunk));
      while (reader.step(step) === 'more');
    }
    reader.complete();
    while (reader.step(step) === 'more');
  } finally {
    reader.abandon();
  }
  return { redis, loader };
}
