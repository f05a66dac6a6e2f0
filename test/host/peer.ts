/** A connection's end that remembers everything that happened to it, for tests to look at. */
import type {
  Address,
  Connection,
  ConnectionEvents,
  ConnectOptions,
  Listener,
  ListenOptions,
  NetError,
} from '../../src/host/host.ts';
import { portOf, type Stage, type StageNode, tcp } from './stage.ts';

export class Peer {
  readonly node: StageNode;
  connection!: Connection;
  readonly received: Buffer[] = [];
  receivedBytes = 0;
  opened = 0;
  drained = 0;
  ended = 0;
  readonly closes: (NetError | null)[] = [];
  /** Calls that came after `close`. */
  late = 0;
  /** Called within the events, for tests that act there. */
  onData: (chunk: Buffer) => void = () => {};
  onOpen: () => void = () => {};
  onEnd: () => void = () => {};
  onDrain: () => void = () => {};

  constructor(node: StageNode) {
    this.node = node;
  }

  events(): ConnectionEvents {
    return {
      open: () => {
        this.#check();
        this.opened++;
        this.onOpen();
      },
      data: (chunk) => {
        this.#check();
        this.received.push(Buffer.from(chunk));
        this.receivedBytes += chunk.length;
        this.onData(chunk);
      },
      drain: () => {
        this.#check();
        this.drained++;
        this.onDrain();
      },
      end: () => {
        this.#check();
        this.ended++;
        this.onEnd();
      },
      close: (error) => {
        this.#check();
        this.closes.push(error);
      },
    };
  }

  get text(): string {
    return Buffer.concat(this.received).toString('latin1');
  }

  get closed(): boolean {
    return this.closes.length > 0;
  }

  act<T>(use: (connection: Connection) => T): T {
    return this.node.act(() => use(this.connection));
  }

  write(text: string): boolean {
    return this.act((connection) => connection.write(Buffer.from(text, 'latin1')));
  }

  #check(): void {
    if (this.closed) this.late++;
  }
}

export interface Listening {
  readonly listener: Listener;
  readonly port: number;
  /** The accepted ends, in order. */
  readonly accepted: Peer[];
}

/** Listens on a free port of the server. `prepare` may set up each accepted end within the accept call. */
export async function listen(
  stage: Stage,
  prepare: (peer: Peer) => void = () => {},
  options: Partial<ListenOptions> = {},
): Promise<Listening> {
  const accepted: Peer[] = [];
  const outcome = await tryListen(stage, { address: tcp(stage.server.address, 0), ...options }, (connection) => {
    const peer = new Peer(stage.server);
    peer.connection = connection;
    accepted.push(peer);
    prepare(peer);
    return peer.events();
  });
  if (outcome.listener === null) throw new Error(`could not listen: ${outcome.error?.message}`);
  return { listener: outcome.listener, port: portOf(outcome.listener.address), accepted };
}

export async function tryListen(
  stage: Stage,
  options: ListenOptions,
  accept: (connection: Connection) => ConnectionEvents = () => new Peer(stage.server).events(),
): Promise<{ error: NetError | null; listener: Listener | null; calls: number }> {
  const outcome: { error: NetError | null; listener: Listener | null; calls: number } = {
    error: null,
    listener: null,
    calls: 0,
  };
  stage.server.act((host) =>
    host.net.listen(options, accept, (error, listener) => {
      outcome.error = error;
      outcome.listener = listener;
      outcome.calls++;
    }),
  );
  await stage.eventually('listen is done', () => outcome.calls > 0);
  return outcome;
}

export function connect(stage: Stage, address: Address, options?: ConnectOptions): Peer {
  const peer = new Peer(stage.client);
  stage.client.act((host) => {
    peer.connection = host.net.connect(address, peer.events(), options);
  });
  return peer;
}

/** A connection with both of its ends, established. */
export async function connectedPair(
  stage: Stage,
  prepare?: (peer: Peer) => void,
): Promise<{ client: Peer; server: Peer; listening: Listening }> {
  const listening = await listen(stage, prepare);
  const client = connect(stage, tcp(stage.server.address, listening.port));
  await stage.eventually('both ends are open', () => client.opened === 1 && listening.accepted.length === 1);
  return { client, server: listening.accepted[0]!, listening };
}

/** Closes the listener and the ends that are still open, so that nothing is left when the test ends. */
export async function cleanUp(stage: Stage, listening: Listening, ...clients: Peer[]): Promise<void> {
  let freed = false;
  const ends = [...clients, ...listening.accepted];
  for (const peer of ends) peer.act((connection) => connection.destroy());
  stage.server.act(() => listening.listener.close(() => (freed = true)));
  await stage.eventually('everything is closed', () => freed && ends.every((peer) => peer.closed));
}
