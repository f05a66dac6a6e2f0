/** The subcommands of CLUSTER that are about slots and the keys in them. */
import { fail, wrongArity } from '../../core/errors.ts';
import { keySlot, SLOTS } from '../../core/key-slot.ts';
import type { Call } from '../../server/call.ts';
import { DUE } from '../state.ts';
import { clusterOf, nodeAt } from './cluster-of.ts';

const INVALID_SLOT = 'ERR Invalid or out of range slot';
const NO_MASTER = 'ERR Target node is not a master';
const BAD_ACTION = 'ERR Invalid CLUSTER SETSLOT action or number of arguments. Try CLUSTER HELP';

function slotAt(c: Call, index: number): number {
  return c.integerWithin(index, 0, SLOTS - 1, INVALID_SLOT);
}

// ------------------------------------------------------------------------------------------------------ add and remove

/** Slots that a request names, each at most once. */
class NamedSlots {
  readonly slots = new Set<number>();
  readonly #call: Call;
  readonly #isRemoval: boolean;

  constructor(c: Call, isRemoval: boolean) {
    this.#call = c;
    this.#isRemoval = isRemoval;
  }

  add(slot: number): void {
    const isOwned = clusterOf(this.#call).state.owners[slot] !== null;
    if (this.#isRemoval && !isOwned) fail(`ERR Slot ${slot} is already unassigned`);
    if (!this.#isRemoval && isOwned) fail(`ERR Slot ${slot} is already busy`);
    if (this.slots.has(slot)) fail(`ERR Slot ${slot} specified multiple times`);
    this.slots.add(slot);
  }

  /** Gives all of them to this node, or to nobody. */
  apply(): void {
    const { state } = clusterOf(this.#call);
    for (const slot of [...this.slots].sort((a, b) => a - b)) {
      state.importingFrom.delete(slot);
      if (this.#isRemoval) state.unassign(slot);
      else state.assign(slot, state.myself);
    }
    state.doBeforeSleep(DUE.updateState | DUE.save);
    this.#call.reply.ok();
  }
}

/** ADDSLOTS and DELSLOTS. */
export function changeSlots(c: Call, isRemoval: boolean): void {
  const named = new NamedSlots(c, isRemoval);
  clusterOf(c);
  const slots = Array.from({ length: c.args.count - 2 }, (_, i) => slotAt(c, i + 2));
  for (const slot of slots) named.add(slot);
  named.apply();
}

/** ADDSLOTSRANGE and DELSLOTSRANGE. */
export function changeSlotRanges(c: Call, isRemoval: boolean): void {
  clusterOf(c);
  if (c.args.count % 2 === 1) fail(wrongArity(c.command.fullName));
  const named = new NamedSlots(c, isRemoval);
  for (let i = 2; i < c.args.count; i += 2) {
    const first = slotAt(c, i);
    const last = slotAt(c, i + 1);
    if (first > last) fail(`ERR start slot number ${first} is greater than end slot number ${last}`);
    for (let slot = first; slot <= last; slot++) named.add(slot);
  }
  named.apply();
}

export function flushSlots(c: Call): void {
  const { state } = clusterOf(c);
  if (c.keyspace.databases[0]!.size > 0) fail('ERR DB must be empty to perform CLUSTER FLUSHSLOTS.');
  state.unassignAllOf(state.myself);
  state.doBeforeSleep(DUE.updateState | DUE.save);
  c.reply.ok();
}

// ------------------------------------------------------------------------------------------------------------- SETSLOT

export function setSlot(c: Call): void {
  const { state } = clusterOf(c);
  const { args } = c;
  if (state.myself.isReplica) fail('ERR Please use SETSLOT only with masters.');
  const slot = slotAt(c, 2);
  if (args.count === 5 && args.is(3, 'migrating')) markMigrating(c, slot);
  else if (args.count === 5 && args.is(3, 'importing')) markImporting(c, slot);
  else if (args.count === 4 && args.is(3, 'stable')) {
    state.importingFrom.delete(slot);
    state.migratingTo.delete(slot);
  } else if (args.count === 5 && args.is(3, 'node')) giveSlot(c, slot);
  else fail(BAD_ACTION);
  state.doBeforeSleep(DUE.save | DUE.updateState);
  c.reply.ok();
}

function markMigrating(c: Call, slot: number): void {
  const { state } = clusterOf(c);
  if (state.owners[slot] !== state.myself) fail(`ERR I'm not the owner of hash slot ${slot}`);
  const target = nodeAt(c, 4, "ERR I don't know about node ");
  if (target.isReplica) fail(NO_MASTER);
  state.migratingTo.set(slot, target);
}

function markImporting(c: Call, slot: number): void {
  const { state } = clusterOf(c);
  if (state.owners[slot] === state.myself) fail(`ERR I'm already the owner of hash slot ${slot}`);
  const source = nodeAt(c, 4, "ERR I don't know about node ");
  if (source.isReplica) fail(NO_MASTER);
  state.importingFrom.set(slot, source);
}

function giveSlot(c: Call, slot: number): void {
  const cluster = clusterOf(c);
  const { state } = cluster;
  const { myself } = state;
  const owner = nodeAt(c, 4);
  if (owner.isReplica) fail(NO_MASTER);
  const wasMine = state.owners[slot] === myself;
  const keys = countKeys(c, slot);
  if (wasMine && owner !== myself && keys > 0) {
    fail(`ERR Can't assign hashslot ${slot} to a different node while I still hold keys for this hash slot.`);
  }
  if (keys === 0) state.migratingTo.delete(slot);
  state.unassign(slot);
  state.assign(slot, owner);
  const { log, config } = c.server;
  const isEmpty = wasMine && owner !== myself && myself.slotCount === 0;
  if (isEmpty && config.values['cluster-allow-replica-migration']) {
    log.warning(`Configuration change detected. Reconfiguring myself as a replica of ${owner.name}`);
    cluster.replicate(owner);
    state.doBeforeSleep(DUE.sync);
  }
  if (owner === myself && state.importingFrom.has(slot)) {
    // What was handed over by hand is newer than what any other node believes.
    if (cluster.bumpEpoch()) log.warning(`configEpoch updated after importing slot ${slot}`);
    state.importingFrom.delete(slot);
    cluster.broadcastPong();
  }
}

// ---------------------------------------------------------------------------------------------------------------- keys

function countKeys(c: Call, slot: number): number {
  return c.keyspace.databases[0]!.slots?.count(slot) ?? 0;
}

export function replyKeySlot(c: Call): void {
  clusterOf(c);
  const { bytes, starts, ends } = c.args;
  c.reply.integer(keySlot(bytes, starts[2]!, ends[2]!));
}

export function replyKeyCount(c: Call): void {
  clusterOf(c);
  const slot = c.int64(2);
  if (slot < 0n || slot >= BigInt(SLOTS)) fail('ERR Invalid slot');
  c.reply.integer(countKeys(c, Number(slot)));
}

export function replyKeys(c: Call): void {
  clusterOf(c);
  const slot = c.int64(2);
  const limit = c.int64(3);
  if (slot < 0n || slot >= BigInt(SLOTS) || limit < 0n) fail('ERR Invalid slot or number of keys');
  const database = c.keyspace.databases[0]!;
  const count = Math.min(Number(limit), countKeys(c, Number(slot)));
  c.reply.array(count);
  let entry = database.slots?.newest(Number(slot)) ?? 0;
  for (let i = 0; i < count; i++) {
    c.reply.bulkBytes(database.keyOf(entry));
    entry = database.slots!.older(entry);
  }
}
