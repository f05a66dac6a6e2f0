/**
 * Which node serves a request: the decision behind MOVED, ASK, TRYAGAIN, CROSSSLOT and CLUSTERDOWN.
 *
 * The keys of a request must lie in one slot, and the node that owns the slot serves it. While a slot is moved, its old
 * owner serves what it still has and sends clients elsewhere for the rest (ASK), and the new one serves those that were
 * sent (ASKING). Replicas serve reads of clients that said READONLY. EXEC is judged by all its commands together.
 *
 * Nearly every request has one key at a place that is known in advance, and its slot is here and not on the move: that is
 * a checksum and a few comparisons, on tables that are made once per server.
 */
import type { Arguments } from '../core/arguments.ts';
import { keySlot } from '../core/key-slot.ts';
import { FoundKeys, findKeys, findLeniently, type LegacyRange } from '../commands/key-specs.ts';
import type { KeySpec } from '../commands/row.ts';
import { NONE } from '../data/heap.ts';
import { type Command, FLAG } from '../server/command-table.ts';
import type { ClusterRouter } from '../server/hooks.ts';
import type { Server } from '../server/server.ts';
import { SESSION, type Session } from '../server/session.ts';
import { endpointOf } from './endpoint.ts';
import type { ClusterNode, ClusterState } from './state.ts';

const CROSS_SLOT = "CROSSSLOT Keys in request don't hash to the same slot";
const TRY_AGAIN = 'TRYAGAIN Multiple keys request during rehashing of slot';
const DOWN = 'CLUSTERDOWN The cluster is down';
const READS_ONLY = 'CLUSTERDOWN The cluster is down and only accepts read commands';
const NOT_SERVED = 'CLUSTERDOWN Hash slot not served';

/** How the keys of a command are found, where that is not the index of its only key. */
const NO_KEYS = 0;
const SEARCHED = -1;

export class Router implements ClusterRouter {
  readonly #server: Server;
  readonly #cluster: { readonly state: ClusterState };
  /** By id of the command: the index of its key, NO_KEYS or SEARCHED. */
  readonly #keyOf: Int8Array;
  readonly #keys = new Keys();
  slot = -1;

  /** @param cluster has the state, which comes when the server starts. */
  constructor(server: Server, cluster: { readonly state: ClusterState }) {
    this.#server = server;
    this.#cluster = cluster;
    this.#keyOf = Int8Array.from(server.commands.all, keyIndexOf);
  }

  isSurelyOurs(command: Command, args: Arguments): boolean {
    const index = this.#keyOf[command.id]!;
    if (index <= 0) {
      this.slot = -1;
      return index === NO_KEYS;
    }
    const slot = keySlot(args.bytes, args.starts[index]!, args.ends[index]!);
    const { state } = this.#cluster;
    this.slot = slot;
    // The bitmap is a thirtieth of the table of owners, and stays in the cache of the processor.
    return (state.myself.slots[slot >> 3]! & (1 << (slot & 7))) !== 0 && state.isOk && !state.hasOpenSlots;
  }

  route(session: Session, command: Command, args: Arguments, flags: number): string | null {
    if (this.isSurelyOurs(command, args)) return null;
    this.slot = -1;
    return this.#decide(this.#cluster.state, session, command, args, flags);
  }

  #decide(state: ClusterState, session: Session, command: Command, args: Arguments, flags: number): string | null {
    const keys = this.#keys;
    // Whether a key has expired is a question of now. Within a transaction or script no time passes.
    const { dispatcher, host } = this.#server;
    if (state.hasOpenSlots && dispatcher.depth === 0) this.#server.advanceTime(host.clock.monotonicUs());
    const refusal = this.#look(state, session, command, args);
    if (refusal !== null) return refusal;
    const { owner, slot } = keys;
    // Without keys any node will do.
    if (owner === null) return null;
    const isShard = isShardCommand(command);
    if (!state.isOk) {
      const refusal = this.#refuseWhileDown(command, isShard, flags);
      if (refusal !== null) return refusal;
    }
    this.slot = slot;
    const { isMigrating, isImporting } = keys;
    if ((isMigrating || isImporting) && command.row.name === 'migrate') return null;
    if (isMigrating && keys.missing > 0) {
      return keys.existing > 0 ? TRY_AGAIN : this.#redirect('ASK', slot, state.migratingTo.get(slot)!);
    }
    if (isImporting && (session.has(SESSION.asking) || command.has(FLAG.asking))) {
      return keys.areSeveral && keys.missing > 0 ? TRY_AGAIN : null;
    }
    if (owner === state.myself) return null;
    const reads = (session.has(SESSION.readonly) || isShard) && (flags & FLAG.write) === 0;
    if (reads && state.myself.isReplica && state.myself.master === owner) return null;
    return this.#redirect('MOVED', slot, owner);
  }

  /** Finds the slot of all keys. @returns why there is none, or null. */
  #look(state: ClusterState, session: Session, command: Command, args: Arguments): string | null {
    const keys = this.#keys;
    keys.begin();
    if (!command.has(FLAG.aborts_transaction)) return this.#lookAt(state, command, args, isShardCommand(command));
    for (const queued of session.transaction?.queued ?? []) {
      const refusal = this.#lookAt(state, queued.command, queued.args, false);
      if (refusal !== null) return refusal;
    }
    return null;
  }

  #lookAt(state: ClusterState, command: Command, args: Arguments, isShard: boolean): string | null {
    const keys = this.#keys;
    const { found } = keys;
    const index = this.#keyOf[command.id]!;
    if (index > 0) {
      found.count = 0;
      found.add(index, '');
    } else if (index === NO_KEYS) return null;
    else findInOrder(command, args, found);
    for (let i = 0; i < found.count; i++) {
      const at = found.indexes[i]!;
      const refusal = keys.add(state, args, at);
      if (refusal !== null) return refusal;
      if ((keys.isMigrating || keys.isImporting) && !isShard) this.#count(args, at);
    }
    return null;
  }

  #count({ bytes, starts, ends }: Arguments, index: number): void {
    const entry = this.#server.keyspace.databases[0]!.peek(bytes, starts[index]!, ends[index]!);
    if (entry === NONE) this.#keys.missing++;
    else this.#keys.existing++;
  }

  #refuseWhileDown(command: Command, isShard: boolean, flags: number): string | null {
    const { values } = this.#server.config;
    if (isShard) return values['cluster-allow-pubsubshard-when-down'] ? null : DOWN;
    if (!values['cluster-allow-reads-when-down']) return DOWN;
    // EXEC is judged as a command of its own here: what it would run was judged when it was queued.
    const own = command.has(FLAG.aborts_transaction) ? command.flags : flags;
    return (own & FLAG.write) !== 0 ? READS_ONLY : null;
  }

  #redirect(word: 'MOVED' | 'ASK', slot: number, node: ClusterNode): string {
    return `${word} ${slot} ${endpointOf(node, this.#server.config.values['cluster-preferred-endpoint-type'])}:${node.port}`;
  }

  /**
   * Whom a client waits for in vain: the key is not served here any more, or nothing is.
   * @returns the error that ends its wait, or null.
   */
  routeWaiting(session: Session, command: Command, key: Uint8Array): string | null {
    const state = this.#cluster.state;
    if (!state.isOk) return DOWN;
    const slot = keySlot(key, 0, key.length);
    const owner = state.owners[slot]!;
    const { myself } = state;
    if (owner === myself || state.importingFrom.has(slot)) return null;
    if (owner === null) return NOT_SERVED;
    const reads = session.has(SESSION.readonly) && !command.has(FLAG.write);
    return reads && myself.isReplica && myself.master === owner ? null : this.#redirect('MOVED', slot, owner);
  }
}

/** What is known of the keys of one request while it is looked at. */
class Keys {
  readonly found = new FoundKeys();
  slot = -1;
  /** Of the slot; null while no key has been seen. */
  owner: ClusterNode | null = null;
  isMigrating = false;
  isImporting = false;
  /** There are different keys. */
  areSeveral = false;
  missing = 0;
  existing = 0;
  #first: Uint8Array = new Uint8Array(0);

  begin(): void {
    this.found.count = 0;
    this.slot = -1;
    this.owner = null;
    this.isMigrating = this.isImporting = this.areSeveral = false;
    this.missing = this.existing = 0;
  }

  /** @returns why a request with this key cannot be served, or null. */
  add(state: ClusterState, { bytes, starts, ends }: Arguments, index: number): string | null {
    const start = starts[index]!;
    const end = ends[index]!;
    const slot = keySlot(bytes, start, end);
    if (this.owner !== null) {
      if (slot !== this.slot) return CROSS_SLOT;
      if (!this.areSeveral) this.areSeveral = Buffer.compare(this.#first, bytes.subarray(start, end)) !== 0;
      return null;
    }
    const owner = state.owners[slot]!;
    if (owner === null) return NOT_SERVED;
    this.slot = slot;
    this.owner = owner;
    this.#first = bytes.subarray(start, end);
    this.isMigrating = owner === state.myself && state.migratingTo.has(slot);
    this.isImporting = !this.isMigrating && state.importingFrom.has(slot);
    return null;
  }
}

function keyIndexOf(command: Command): number {
  const { keys, row } = command;
  if (command.has(FLAG.aborts_transaction)) return SEARCHED;
  if (keys.length === 0) return row.findKeys === undefined && !command.has(FLAG.movablekeys) ? NO_KEYS : SEARCHED;
  return keys.length === 1 ? loneKeyOf(keys[0]!) : SEARCHED;
}

function loneKeyOf({ begin, find, flags }: KeySpec): number {
  if (!('index' in begin) || !('last' in find) || find.last !== 0) return SEARCHED;
  return flags.includes('incomplete') || flags.includes('not_key') ? SEARCHED : begin.index;
}

/** SPUBLISH, SSUBSCRIBE and SUNSUBSCRIBE: their channels are treated like keys. */
function isShardCommand(command: Command): boolean {
  return command.has(FLAG.pubsub) && command.keys.length > 0;
}

/**
 * The keys in the order in which redis-server looks at them: the first one decides which error is told. Where that has a
 * function of its own for a command, the ranges of COMMAND are not asked.
 */
function findInOrder({ row, keys, legacyRange }: Command, args: Arguments, found: FoundKeys): void {
  found.count = 0;
  if (keys.some(({ find }) => 'count' in find)) findLeniently(keys, args, found);
  else if (row.findKeys !== undefined) found.set(row.findKeys(args));
  else if (keys.some(({ begin, find }) => !('index' in begin) || 'unknown' in find)) findKeys(row, args, found);
  else addRange(legacyRange, args, found);
}

function addRange({ first, last, step }: LegacyRange, args: Arguments, found: FoundKeys): void {
  const end = last < 0 ? args.count + last : last;
  for (let i = first; i <= end; i += step) {
    if (i < args.count) found.add(i, '');
    else {
      // A pair without its second half: the command will say what is wrong.
      found.count = 0;
      return;
    }
  }
}
