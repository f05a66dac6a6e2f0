/**
 * A server in this process with clients on real sockets:
 *
 *   await using serving = await serve({ clock: 'manual' });
 *   const alice = await serving.connect();
 *   expect(await alice.call('PING')).toBe('PONG');
 *
 * Everything is closed together.
 */
import { type ServerHandle, type ServerOptions, startServer } from '../../src/topology/server.ts';
import { RespClient, type RespClientOptions } from './resp-client.ts';

export class Serving implements AsyncDisposable {
  readonly server: ServerHandle;
  readonly #clients: RespClient[] = [];

  constructor(server: ServerHandle) {
    this.server = server;
  }

  async connect(options: RespClientOptions = {}): Promise<RespClient> {
    const client = await RespClient.connect({ port: this.server.port, ...options });
    this.#clients.push(client);
    return client;
  }

  /** Log lines without process, role and time: "# Server initialized". */
  get log(): string[] {
    return this.server.log.map((line) => line.replace(/^\S+ \d+ \w+ \d+ \S+ /, ''));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.close()));
    await this.server.close();
  }
}

export async function serve(options: ServerOptions = {}): Promise<Serving> {
  return new Serving(await startServer(options));
}

/** The fields of a line of CLIENT LIST. */
export function clientFields(line: string): Record<string, string> {
  return Object.fromEntries(
    line
      .trim()
      .split(' ')
      .map((field) => [field.slice(0, field.indexOf('=')), field.slice(field.indexOf('=') + 1)]),
  );
}
