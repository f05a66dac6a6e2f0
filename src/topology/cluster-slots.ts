/**
 * Moves slots from one master to another while clients read and write, as `redis-cli --cluster reshard` does: slot by slot
 * both ends mark it, its keys go over in handfuls by MIGRATE, and then all masters are told of the new owner, the
 * new one first: a slot that nobody owned for a moment would be lost if the mover died.
 *
 * Whatever breaks it off (a node that dies, a link that is cut) leaves the slot marked, and its keys on either side where
 * clients find them. Moving it once more goes on from there.
 */
import { ErrorReply } from '../client/reply-parser.ts';
import { keySlot, SLOTS } from '../core/key-slot.ts';
import { stateOf } from './cluster-views.ts';
import { ResplicaError } from './errors.ts';
import type { NodeHandle } from './node-handle.ts';
import type { SlotRange } from './topology-events.ts';

/** One slot, a range of them (first and last), or several of these. */
export type SlotSelection = number | SlotRange | readonly SlotRange[];

export interface SlotMove {
  readonly from: NodeHandle;
  readonly fromId: string;
  readonly to: NodeHandle;
  readonly toId: string;
  /** Where others reach `to`. */
  readonly toAddress: { readonly ip: string; readonly port: number };
  readonly password: string;
  /** The living masters besides these two. */
  readonly others: readonly NodeHandle[];
}

const KEYS_AT_ONCE = 100;
const MIGRATE_TIMEOUT_MS = 60_000;

/** @throws ResplicaError ERR_BAD_ARGUMENT */
export function slotsIn(selection: SlotSelection): number[] {
  const ranges =
    typeof selection === 'number' ? [[selection, selection]] : isRange(selection) ? [selection] : selection;
  const slots = new Set<number>();
  for (const range of ranges) {
    const [first, last] = Array.isArray(range) ? (range as [unknown, unknown]) : [];
    if (!isSlot(first) || !isSlot(last) || first > last) {
      throw new ResplicaError(
        'ERR_BAD_ARGUMENT',
        `Slots are given as a number, as [first, last] or as a list of these ranges, each from 0 to ${SLOTS - 1}; not as ${JSON.stringify(selection)}.`,
      );
    }
    for (let slot = first; slot <= last; slot++) slots.add(slot);
  }
  return [...slots];
}

function isRange(selection: SlotRange | readonly SlotRange[]): selection is SlotRange {
  return selection.length === 2 && typeof selection[0] === 'number';
}

function isSlot(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) >= 0 && Number(value) < SLOTS;
}

/** @param key a key, or a slot by its number. */
export function slotOf(key: string | Uint8Array | number): number {
  if (typeof key === 'number') return slotsIn(key)[0]!;
  const bytes = typeof key === 'string' ? Buffer.from(key) : key;
  return keySlot(bytes, 0, bytes.length);
}

/** @returns how many keys went over. */
export async function moveSlot(slot: number, move: SlotMove): Promise<number> {
  const { from, fromId, to, toId, others } = move;
  const number = String(slot);
  if (stateOf(to)?.owners[slot]?.name !== toId) await to.execute('CLUSTER', 'SETSLOT', number, 'IMPORTING', fromId);
  let keys = 0;
  if (stateOf(from)?.owners[slot]?.name === fromId) {
    await from.execute('CLUSTER', 'SETSLOT', number, 'MIGRATING', toId);
    keys = await moveKeys(number, move);
  }
  await to.execute('CLUSTER', 'SETSLOT', number, 'NODE', toId);
  await giveAway(number, move);
  for (const other of others) await tell(other, number, toId);
  return keys;
}

async function moveKeys(slot: string, { from, toAddress, password }: SlotMove): Promise<number> {
  const credentials = password === '' ? [] : ['AUTH', password];
  const target = [toAddress.ip, String(toAddress.port), '', '0', String(MIGRATE_TIMEOUT_MS)];
  for (let moved = 0; ;) {
    const keys = (await from.executeBuffer('CLUSTER', 'GETKEYSINSLOT', slot, KEYS_AT_ONCE)) as Buffer[];
    if (keys.length === 0) return moved;
    // A copy on the other side is what an earlier attempt has left: clients are sent there only for keys that are not here.
    await from.execute('MIGRATE', ...target, 'REPLACE', ...credentials, 'KEYS', ...keys);
    moved += keys.length;
  }
}

/** A key that came back at the last moment (a script that went on) is sent after the others. */
async function giveAway(slot: string, move: SlotMove): Promise<void> {
  for (;;) {
    try {
      await move.from.execute('CLUSTER', 'SETSLOT', slot, 'NODE', move.toId);
      return;
    } catch (error) {
      // A master that has no slots any more follows the new owner at once.
      if (error instanceof ErrorReply && error.message.includes('only with masters')) return;
      if (!(error instanceof ErrorReply) || !error.message.includes('still hold keys')) throw error;
      await moveKeys(slot, move);
    }
  }
}

/** One that is just being replaced learns it from its successor. */
async function tell(other: NodeHandle, slot: string, ownerId: string): Promise<void> {
  try {
    await other.execute('CLUSTER', 'SETSLOT', slot, 'NODE', ownerId);
  } catch (error) {
    const isGone = error instanceof ResplicaError && ['ERR_NOT_RUNNING', 'ERR_CONNECTION_CLOSED'].includes(error.code);
    const isReplica = error instanceof ErrorReply && error.message.includes('only with masters');
    if (!isGone && !isReplica) throw error;
  }
}
