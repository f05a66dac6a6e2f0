/**
 * One address that always leads to the master, as HAProxy in front of a set does.
 *
 * A connection is led to whoever is the master when it comes, and stays with that server for its life. It breaks when the
 * server breaks it: because it died, or because it was told to become a replica, when sentinels have it disconnect its
 * clients. The client connects anew and is led to the new master. While there is no master, connections are accepted
 * and closed at once. Bytes pass as they are.
 */
import type { Address, Connection, ConnectionEvents, Listener, Net } from '../host/host.ts';
import { ResplicaError } from './errors.ts';
import { reachableHost } from './server.ts';

export interface EndpointTarget {
  readonly host: string;
  readonly port: number;
}

export interface EndpointOptions {
  readonly net: Net;
  readonly address: string;
  /** Where connections are led that come now; null while there is nobody to lead them to. */
  readonly target: () => EndpointTarget | null;
  readonly password: string;
}

/** Bytes that may wait for a slow reader before the other side is not read any more. */
const WAITING_BYTES_MAX = 1024 * 1024;

export class Endpoint {
  readonly host: string;
  readonly port: number;
  readonly #options: EndpointOptions;
  readonly #listener: Listener;
  readonly #passages: Set<Passage>;

  private constructor(options: EndpointOptions, listener: Listener, passages: Set<Passage>) {
    this.#options = options;
    this.#listener = listener;
    this.#passages = passages;
    this.host = reachableHost(options.address);
    this.port = (listener.address as Address & { readonly kind: 'tcp' }).port;
  }

  static open(options: EndpointOptions): Promise<Endpoint> {
    const passages = new Set<Passage>();
    const accept = (client: Connection): ConnectionEvents => {
      const target = options.target();
      if (target === null) {
        client.destroy();
        return { data: () => {}, close: () => {} };
      }
      const passage = new Passage(options.net, client, target, () => passages.delete(passage));
      passages.add(passage);
      return passage.fromClient;
    };
    return new Promise((resolve, reject) => {
      options.net.listen({ address: { kind: 'tcp', host: options.address, port: 0 } }, accept, (error, listener) => {
        if (listener !== null) resolve(new Endpoint(options, listener, passages));
        else reject(new ResplicaError('ERR_CANNOT_LISTEN', `The endpoint cannot listen: ${error?.message ?? ''}`));
      });
    });
  }

  /** For any client: "redis://:password@127.0.0.1:40123". */
  get url(): string {
    const { password } = this.#options;
    const credentials = password === '' ? '' : `:${encodeURIComponent(password)}@`;
    const host = this.host.includes(':') ? `[${this.host}]` : this.host;
    return `redis://${credentials}${host}:${this.port}`;
  }

  /** @internal With the set. */
  close(): Promise<void> {
    for (const passage of this.#passages) passage.drop();
    return new Promise((done) => this.#listener.close(done));
  }
}

/** A client and its server. What one does to its connection is done to the other. */
class Passage {
  readonly fromClient: ConnectionEvents;
  readonly #client: Connection;
  readonly #server: Connection;

  constructor(net: Net, client: Connection, target: EndpointTarget, gone: () => void) {
    this.#client = client;
    client.noDelay(true);
    let server: Connection | null = null;
    this.fromClient = {
      data: (chunk) => pass(chunk, client, server!),
      drain: () => server!.resume(),
      end: () => server!.end(),
      close: (error) => {
        gone();
        if (error === null) server!.destroy();
        else server!.reset();
      },
    };
    this.#server = server = net.connect(
      { kind: 'tcp', host: target.host, port: target.port },
      {
        data: (chunk) => pass(chunk, server!, client),
        drain: () => client.resume(),
        end: () => client.end(),
        close: (error) => {
          if (error === null) client.destroy();
          else client.reset();
        },
      },
    );
    server.noDelay(true);
  }

  drop(): void {
    this.#client.destroy();
    this.#server.destroy();
  }
}

function pass(chunk: Buffer, from: Connection, to: Connection): void {
  if (!to.write(Buffer.from(chunk)) && to.queuedBytes > WAITING_BYTES_MAX) from.pause();
}
