/**
 * What redis-server forks a child for: a snapshot that is taken in the background. One runs at a time, whatever it is
 * for, and whoever wants to start one asks `active` first. `rdb` is for a file or for the links of replicas, `aof` for
 * the base of an append-only file, `debug` for the copy on which a script is debugged.
 *
 * It is no process here. The server ends it (`kill`), also because the process that stands for it was killed (see
 * host/save-process.ts), and the memory that it costs is what commands make it encode ahead of its time.
 */
import { Snapshot, type SnapshotEncoder } from '../../persistence/snapshot.ts';
import { SnapshotPump, type SnapshotSink } from '../../persistence/snapshot-pump.ts';
import type { Server } from '../server.ts';
import { SnapshotWaits } from './snapshot-waits.ts';

export type ChildKind = 'rdb' | 'aof' | 'debug';

export class Child {
  readonly kind: ChildKind;
  readonly startedMs: number;
  readonly snapshot: Snapshot;
  readonly #children: Children;
  readonly #pump: SnapshotPump;

  /** @internal Use `Children.start`. */
  constructor(
    children: Children,
    server: Server,
    kind: ChildKind,
    encoder: SnapshotEncoder,
    sink: SnapshotSink,
    done: (error: unknown) => void,
  ) {
    this.#children = children;
    this.kind = kind;
    this.startedMs = server.host.clock.wallMs();
    this.snapshot = new Snapshot(server.keyspace, encoder);
    const { values } = server.config;
    this.#pump = new SnapshotPump(this.snapshot, encoder, sink, server.host, done, () =>
      delayUs(values['rdb-key-save-delay']),
    );
  }

  /** Nothing of it is called or written any more; its `done` is not called either. Idempotent. */
  kill(): void {
    this.#pump.stop();
    this.end();
  }

  /** To be called when all that it was for has been done, such as syncing the file: another one may start then. */
  end(): void {
    this.#children.ended(this);
  }
}

/** A negative delay stands for one microsecond now and then. */
export function delayUs(delay: number): number {
  return delay >= 0 ? delay : -1 / delay;
}

export class Children {
  readonly #server: Server;
  #active: Child | null = null;
  /** How many there were. */
  count = 0;
  /** Bytes that commands made the last one of a kind encode ahead of its time. */
  readonly lastHandedOverBytes: Record<ChildKind, number> = { rdb: 0, aof: 0, debug: 0 };

  readonly waits: SnapshotWaits;

  constructor(server: Server) {
    this.#server = server;
    this.waits = new SnapshotWaits(server);
  }

  get active(): Child | null {
    return this.#active;
  }

  isActive(kind: ChildKind): boolean {
    return this.#active?.kind === kind;
  }

  /**
   * Takes a snapshot of the dataset as it is now, into a sink.
   * @param done called when the sink has been given everything, or with what went wrong. The child is active until
   * somebody calls its `end`.
   */
  start(kind: ChildKind, encoder: SnapshotEncoder, sink: SnapshotSink, done: (error: unknown) => void): Child {
    if (this.#active !== null) throw new Error('another child is active');
    this.count++;
    this.#active = new Child(this, this.#server, kind, encoder, sink, done);
    this.waits.begin(this.#active.snapshot);
    this.#server.keyspace.keepsTables = true;
    return this.#active;
  }

  /** @internal */
  ended(child: Child): void {
    if (this.#active !== child) return;
    this.lastHandedOverBytes[child.kind] = child.snapshot.handedOverBytes;
    this.#active = null;
    this.#server.keyspace.keepsTables = false;
    this.waits.end();
  }
}
