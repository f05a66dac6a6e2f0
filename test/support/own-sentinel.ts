/**
 * A sentinel of this project in this process, on real sockets, with a file in a temporary folder:
 *
 *   await using sentinel = await startOwnSentinel('sentinel monitor m 127.0.0.1 6379 2');
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createNodeHost } from '../../src/host/node/host.ts';
import type { Server } from '../../src/server/server.ts';
import { makeSentinel } from '../../src/topology/boot-sentinel.ts';
import { openSentinel } from '../../src/topology/compose-sentinel.ts';
import { findFreePort } from './redis-process.ts';
import { RespClient, type RespClientOptions } from './resp-client.ts';

export class OwnSentinel implements AsyncDisposable {
  readonly folder: string;
  readonly port: number;
  readonly log: string[];
  readonly server: Server;
  readonly #clients: RespClient[] = [];

  constructor(server: Server, folder: string, log: string[]) {
    this.server = server;
    this.folder = folder;
    this.port = server.listeners.port;
    this.log = log;
  }

  /** What sentinel.conf says now. */
  get file(): string {
    return readFileSync(this.server.config.file!, 'utf8');
  }

  async connect(options: RespClientOptions = {}): Promise<RespClient> {
    const client = await RespClient.connect({ port: this.port, ...options });
    this.#clients.push(client);
    return client;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.close()));
    await new Promise<void>((done) => {
      this.server.close(done);
    });
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/**
 * @param lines of sentinel.conf, besides port and dir
 * @throws what openSentinel refuses it with
 */
export async function startOwnSentinel(lines: string, port?: number): Promise<OwnSentinel> {
  const folder = mkdtempSync(join(tmpdir(), 'sentinel-'));
  const file = join(folder, 'sentinel.conf');
  // As startRedis begins a file: what is written back can be compared.
  const head = `port "${port ?? (await findFreePort())}"\nbind "127.0.0.1"\ndir "${folder}"\nsave ""\n`;
  writeFileSync(file, `${head}${lines}\n`);
  const log: string[] = [];
  const host = createNodeHost({ log: (line) => log.push(line), workingDirectory: folder });
  try {
    const server = makeSentinel(host, file);
    await new Promise<void>((done, fail) => {
      const options = { anyPort: false, terminal: false, withoutConfiguration: null };
      openSentinel(server, options, (error) => {
        if (error === null) done();
        else server.close(() => fail(error instanceof Error ? error : new Error(error)));
      });
    });
    return new OwnSentinel(server, folder, log);
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}
