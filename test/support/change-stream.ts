/**
 * A server whose stream of changes is watched: what would go into the AOF and to replicas.
 *
 *   await using stream = watchChanges();
 *   await stream.execute('SPOP', 's');
 *   expect(stream.take()).toEqual([['SREM', 's', 'a']]);
 */
import type { ReplyValue } from '../../src/client/reply-parser.ts';
import { createNodeHost } from '../../src/host/node/host.ts';
import { DirectClients, type CommandArgument } from '../../src/topology/direct-client.ts';
import type { ServerOptions } from '../../src/topology/options.ts';
import { composeServer } from '../../src/topology/server.ts';
import type { Server } from '../../src/server/server.ts';

export class ChangeStream implements AsyncDisposable {
  readonly #server: Server;
  readonly #clients: DirectClients;
  #changes: string[][] = [];

  constructor(options: ServerOptions) {
    this.#server = composeServer(createNodeHost({ log: () => {} }), options);
    this.#clients = new DirectClients(this.#server);
    this.#server.hooks.changeSinks.push({
      takesMessages: false,
      feed: (_database, args) => {
        this.#changes.push(Array.from({ length: args.count }, (_, index) => args.binary(index)));
      },
    });
  }

  execute(...args: CommandArgument[]): Promise<ReplyValue> {
    return this.#clients.execute(args, false);
  }

  /** What was fed since the last call, without the frame of MULTI and EXEC. */
  take(): string[][] {
    const taken = this.#changes.filter(([name]) => name !== 'MULTI' && name !== 'EXEC');
    this.#changes = [];
    return taken;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise<void>((done) => this.#server.close(() => done()));
  }
}

export function watchChanges(options: ServerOptions = {}): ChangeStream {
  return new ChangeStream(options);
}
