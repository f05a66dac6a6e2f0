/**
 * Commands that are about to change a large value which the snapshot under way has not come to. The value has to be
 * encoded first, all of it, and a million elements take tenths of a second, in which nobody would be served. So the
 * client waits, the snapshot takes this value next, in slices, and the others go on.
 *
 * Nobody waits for long: where the snapshot makes no headway, since its disk or its replicas are slow, the value is
 * encoded at once after all. Nor do those wait whose changes come unannounced: what EXEC has queued, keys that scripts
 * do not declare, what expires or is evicted, and the stream of our master.
 */
import type { Arguments } from '../../core/arguments.ts';
import { FoundKeys, findKeys } from '../../commands/key-specs.ts';
import type { Database } from '../../data/database.ts';
import { NONE } from '../../data/heap.ts';
import type { Timer } from '../../host/host.ts';
import type { Snapshot } from '../../persistence/snapshot.ts';
import { type Command, FLAG } from '../command-table.ts';
import { CONDITION } from '../gates.ts';
import type { Server } from '../server.ts';
import { SESSION, type Session } from '../session.ts';

/** What is smaller is encoded in a few milliseconds. */
const LARGE_ELEMENTS = 10_000;
const LARGE_BYTES = 1 << 20;
const WAIT_MS_MAX = 1000;

export class SnapshotWaits {
  readonly #server: Server;
  readonly #found = new FoundKeys();
  /** Runs while somebody waits. */
  #timer: Timer | null = null;
  #isTooSlow = false;

  constructor(server: Server) {
    this.#server = server;
  }

  begin(snapshot: Snapshot): void {
    const { keyspace } = this.#server;
    snapshot.onSettled = (): void => this.#goOn(false);
    this.#server.setCondition(CONDITION.snapshot, keyspace.values.count > 0 || keyspace.heap.hasHugeBlocks);
  }

  end(): void {
    this.#server.setCondition(CONDITION.snapshot, false);
    this.#goOn(false);
  }

  /** Whether a request has to wait. @param flags of its command. */
  holds(session: Session, command: Command, flags: number, args: Arguments): boolean {
    if (this.#isTooSlow || (flags & (FLAG.write | FLAG.may_replicate)) === 0) return false;
    if (session.has(SESSION.multi | SESSION.master | SESSION.inScript)) return false;
    const { db } = session;
    const found = this.#found;
    let holds = false;
    findKeys(command.row, args, found);
    for (let i = 0; i < found.count; i++) {
      const at = found.indexes[i]!;
      const entry = db.dict.find(args.bytes, args.starts[at]!, args.ends[at]!);
      if (entry !== NONE && isLarge(db, entry) && db.dict.guard?.prefer(entry) === true) holds = true;
    }
    if (holds) this.#timer ??= this.#server.host.timers.after(WAIT_MS_MAX, () => this.#goOn(true));
    return holds;
  }

  /** Those who wait try again. */
  #goOn(isTooSlow: boolean): void {
    this.#isTooSlow = isTooSlow;
    if (this.#timer === null) return;
    this.#timer.cancel();
    this.#timer = null;
    const { host, blocking } = this.#server;
    // This may be in the middle of a command.
    host.timers.soon(() => this.#server.enter(() => blocking.unblockAll('paused')));
  }
}

function isLarge(db: Database, entry: number): boolean {
  if (db.isPacked(entry)) return db.length(entry) >= LARGE_BYTES;
  return db.object(entry).size >= LARGE_ELEMENTS;
}
