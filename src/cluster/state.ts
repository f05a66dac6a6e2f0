/**
 * The data of cluster mode: what one node knows of the cluster.
 *
 * A node keeps a table of all nodes (`nodes`, by id), itself among them (`myself`), and a table of the 16384 slots (`owners`).
 * Each node has in addition the bitmap of its own slots, which is what travels over the bus; `assign` and `unassign` keep
 * both in step, and nothing else writes them. Slots that are being moved are marked on both ends (`migratingTo`,
 * `importingFrom`); these marks never leave the node.
 *
 * There are two kinds of epochs. `currentEpoch` is the clock of the cluster: the highest one seen anywhere, raised by each
 * election. `configEpoch` is the version of what a master says about its slots; the higher one wins.
 *
 * Nothing here does I/O or looks at a clock: times are Unix times in ms, given as arguments. What must happen before the
 * turn ends is noted in `due` (bits of DUE) and done by the driver: first what changes the state, then save and fsync,
 * and only then do the frames leave that were queued meanwhile.
 *
 * Names follow clusterState and clusterNode of cluster.h.
 */

export const SLOTS = 16384;
export const SLOT_BITMAP_BYTES = SLOTS / 8;
/** No cluster gets there; and who does can still count on exactly. */
export const EPOCH_MAX = 2 ** 52;

/** First and last slot of a range that one node owns. */
export type SlotRange = readonly [first: number, last: number];

/** Bits of `ClusterNode.flags`; they travel in headers and gossip. */
export const NODE = {
  master: 1,
  replica: 2,
  /** I cannot reach it. */
  pfail: 4,
  /** A majority of masters cannot reach it. */
  fail: 8,
  myself: 16,
  /** The first exchange of messages is not over: its id is a made-up one. */
  handshake: 32,
  noAddress: 64,
  /** The first message to it is a MEET. */
  meet: 128,
  /** It may be given replicas of others when it has none. */
  migrateTo: 256,
  /** It never fails over by itself. */
  noFailover: 512,
} as const;

/** Bits of `ClusterState.due`: what is to be done before the turn ends. */
export const DUE = { failover: 1, updateState: 2, save: 4, sync: 8, manualFailover: 16 } as const;

/** A connection of the bus. Each pair of nodes has two: each sends its own messages on the one that it opened. */
export interface NodeLink {
  /** `to`: opened by us; `from`: accepted. */
  readonly direction: 'to' | 'from';
  readonly createdMs: number;
  /** Null for an accepted one whose sender is not known yet. */
  node: ClusterNode | null;
  readonly isConnected: boolean;
  /** Bytes that wait to be sent. */
  readonly queuedBytes: number;
  close(): void;
}

export interface FailureReport {
  readonly reporter: ClusterNode;
  timeMs: number;
}

export class ClusterNode {
  /** The id, 40 characters. Changed by `ClusterState.rename` only. */
  name: string;
  /** The same, as it stands in frames. */
  idBytes: Uint8Array;
  readonly createdMs: number;
  /** Bits of NODE. */
  flags: number;
  configEpoch = 0;
  /** One bit per slot: byte `slot >> 3`, bit `1 << (slot & 7)`. Written by `ClusterState` only. */
  readonly slots = new Uint8Array(SLOT_BITMAP_BYTES);
  slotCount = 0;
  #ranges: readonly SlotRange[] | null = [];
  /** Of a master. Written by `ClusterState.setMaster` only. */
  readonly replicas: ClusterNode[] = [];
  /** Of a replica; null while it is not known which node that is (slaveof). */
  master: ClusterNode | null = null;
  /** When the PING was sent that waits for an answer; 0 for none. */
  pingSentMs = 0;
  pongReceivedMs = 0;
  /** When anything was received last. */
  dataReceivedMs = 0;
  failedMs = 0;
  /** When I voted last for one of its replicas. */
  votedMs = 0;
  /** Last known offset of its replication stream, and when that was heard. */
  replicationOffset = 0;
  replicationOffsetMs = 0;
  /** Since when it has been a master without any working replica; 0 for not at all. */
  orphanedMs = 0;
  /** '' until known; an address, not a name. */
  ip = '';
  hostname = '';
  port = 0;
  /** The port without TLS of a cluster that uses TLS, else 0. */
  plaintextPort = 0;
  busPort = 0;
  link: NodeLink | null = null;
  inboundLink: NodeLink | null = null;
  /** Masters that say that it fails. */
  readonly failureReports: FailureReport[] = [];

  constructor(name: string, flags: number, nowMs: number) {
    this.name = name;
    this.idBytes = Buffer.from(name, 'latin1');
    this.flags = flags;
    this.createdMs = nowMs;
  }

  /** Whether any of these bits of NODE is set. */
  has(flags: number): boolean {
    return (this.flags & flags) !== 0;
  }

  set(flags: number): void {
    this.flags |= flags;
  }

  clear(flags: number): void {
    this.flags &= ~flags;
  }

  get isMaster(): boolean {
    return (this.flags & NODE.master) !== 0;
  }

  get isReplica(): boolean {
    return (this.flags & NODE.replica) !== 0;
  }

  get isMyself(): boolean {
    return (this.flags & NODE.myself) !== 0;
  }

  /** FAIL, not just PFAIL. */
  get isFailing(): boolean {
    return (this.flags & NODE.fail) !== 0;
  }

  get neverFailsOver(): boolean {
    return (this.flags & NODE.noFailover) !== 0;
  }

  /** The master of the shard: itself or its master, or null if that is unknown. */
  get shardMaster(): ClusterNode | null {
    return this.isReplica ? this.master : this;
  }

  /** As shown of it: that of its master if it is a replica. */
  get shownConfigEpoch(): number {
    return this.isReplica ? (this.master?.configEpoch ?? 0) : this.configEpoch;
  }

  /** Its slots, in ascending order. */
  get ranges(): readonly SlotRange[] {
    return (this.#ranges ??= rangesOf(this.slots));
  }

  /** For `ClusterState`: after a change to the bitmap. */
  slotsChanged(by: 1 | -1): void {
    this.slotCount += by;
    this.#ranges = null;
  }

  holdsSlot(slot: number): boolean {
    return (this.slots[slot >> 3]! & (1 << (slot & 7))) !== 0;
  }

  get workingReplicas(): number {
    let count = 0;
    for (const replica of this.replicas) if (!replica.isFailing) count++;
    return count;
  }
}

/** Types of frames, in the order of their numbers on the bus, as INFO names them. */
export const FRAME_NAMES = [
  'ping',
  'pong',
  'meet',
  'fail',
  'publish',
  'auth-req',
  'auth-ack',
  'update',
  'mfstart',
  'module',
  'publishshard',
] as const;

export interface MessageStatistics {
  /** By type of frame. */
  readonly sent: number[];
  readonly received: number[];
  linksBufferLimitExceeded: number;
}

/** What keeps a replica from being elected. */
export type Obstacle = 'none' | 'data-age' | 'waiting-delay' | 'expired' | 'waiting-votes';

/** The attempt of a replica to be elected. */
export interface Election {
  /** When votes are asked for; the past of which is measured against time limits. */
  timeMs: number;
  /** Ids of the masters that voted for me in `epoch`. */
  readonly votes: Set<string>;
  isSent: boolean;
  rank: number;
  epoch: number;
  obstacle: Obstacle;
  /** When the obstacle was logged last. */
  saidMs: number;
}

/** A failover that somebody asked for. */
export interface ManualFailover {
  /** Until when it may last; 0 for none. */
  endMs: number;
  /** On the master: the replica that takes over. */
  replica: ClusterNode | null;
  /** On the replica: where the master stopped; -1 while unknown. */
  masterOffset: number;
  /** On the replica: nothing stands in the way of the election any more. */
  canStart: boolean;
}

/** Hears of changes that matter to others than the bus. */
export interface StateObserver {
  /** A slot of my shard was taken away from its owner (or is about to be given anew). */
  slotUnbound(slot: number): void;
  /** There is something to do before the turn ends, for the first time in it. */
  workToDo(): void;
}

export class ClusterState {
  myself: ClusterNode;
  readonly nodes = new Map<string, ClusterNode>();
  currentEpoch = 0;
  lastVoteEpoch = 0;
  isOk = false;
  /** When `isOk` was computed for the first time, and when we were last with a minority. */
  firstUpdateMs: number | null = null;
  minorityMs = 0;
  /** Masters with at least one slot. At least 1 before it is computed for the first time. */
  size = 1;
  readonly owners: (ClusterNode | null)[] = Array<ClusterNode | null>(SLOTS).fill(null);
  /** By slot, those that are being moved away from me. */
  readonly migratingTo = new Map<number, ClusterNode>();
  /** By slot, those that are being moved to me. */
  readonly importingFrom = new Map<number, ClusterNode>();
  /** Slots that their owner does not claim any more: anybody may. A bitmap. */
  readonly ownerNotClaiming = new Uint8Array(SLOT_BITMAP_BYTES);
  /** Ids that gossip must not bring back, and until when (Unix ms). */
  readonly blacklist = new Map<string, number>();
  readonly election: Election = {
    timeMs: 0,
    votes: new Set(),
    isSent: false,
    rank: 0,
    epoch: 0,
    obstacle: 'none',
    saidMs: 0,
  };
  readonly manualFailover: ManualFailover = { endMs: 0, replica: null, masterOffset: -1, canStart: false };
  readonly messages: MessageStatistics = {
    sent: FRAME_NAMES.map(() => 0),
    received: FRAME_NAMES.map(() => 0),
    linksBufferLimitExceeded: 0,
  };
  /** Nodes in PFAIL, as the cron counted them. */
  pfailCount = 0;
  /** Bits of DUE. */
  due = 0;
  observer: StateObserver | null = null;

  constructor(myself: ClusterNode) {
    this.myself = myself;
    this.nodes.set(myself.name, myself);
  }

  // ---------------------------------------------------------------------------------------------------------- nodes

  find(name: string): ClusterNode | null {
    return this.nodes.get(name) ?? null;
  }

  add(node: ClusterNode): void {
    this.nodes.set(node.name, node);
  }

  /** Another id for the same node: the end of a handshake, or RESET HARD. */
  rename(node: ClusterNode, name: string): void {
    this.nodes.delete(node.name);
    node.name = name;
    node.idBytes = Buffer.from(name, 'latin1');
    this.nodes.set(name, node);
  }

  /** Forgets a node and everything that refers to it. Its links are closed. */
  remove(node: ClusterNode): void {
    for (const marks of [this.importingFrom, this.migratingTo]) {
      for (const [slot, other] of marks) if (other === node) marks.delete(slot);
    }
    this.unassignAllOf(node);
    for (const other of this.nodes.values()) {
      const at = other.failureReports.findIndex(({ reporter }) => reporter === node);
      if (at >= 0) other.failureReports.splice(at, 1);
    }
    if (this.manualFailover.replica === node) this.manualFailover.replica = null;
    this.setMaster(node, null);
    while (node.replicas.length > 0) this.setMaster(node.replicas[0]!, null);
    this.nodes.delete(node.name);
    node.link?.close();
    node.inboundLink?.close();
  }

  /** Notes whose replica a node is; null for nobody's that is known. Role flags are the caller's. */
  setMaster(replica: ClusterNode, master: ClusterNode | null): void {
    const before = replica.master;
    if (before === master) return;
    if (before !== null) {
      before.replicas.splice(before.replicas.indexOf(replica), 1);
      if (before.replicas.length === 0) before.clear(NODE.migrateTo);
    }
    replica.master = master;
    if (master === null) return;
    master.replicas.push(replica);
    master.set(NODE.migrateTo);
  }

  // ---------------------------------------------------------------------------------------------------------- slots

  /** Gives a slot, which belongs to nobody, to a node. */
  assign(slot: number, node: ClusterNode): void {
    this.owners[slot] = node;
    if (node.slotCount === 0 && this.#anyMasterHasReplicas()) node.set(NODE.migrateTo);
    node.slots[slot >> 3]! |= 1 << (slot & 7);
    node.slotsChanged(1);
    clearBit(this.ownerNotClaiming, slot);
  }

  /** Takes a slot from its owner, if it has one. @returns whether it had. */
  unassign(slot: number): boolean {
    const owner = this.owners[slot]!;
    if (owner === null) return false;
    if (owner === this.myself || owner === this.myself.master) this.observer?.slotUnbound(slot);
    owner.slots[slot >> 3]! &= ~(1 << (slot & 7));
    owner.slotsChanged(-1);
    this.owners[slot] = null;
    clearBit(this.ownerNotClaiming, slot);
    return true;
  }

  unassignAllOf(node: ClusterNode): number {
    let count = 0;
    if (node.slotCount === 0) return 0;
    for (let slot = 0; slot < SLOTS; slot++) if (this.owners[slot] === node && this.unassign(slot)) count++;
    return count;
  }

  /** Whether any slot is being moved. */
  get hasOpenSlots(): boolean {
    return this.migratingTo.size > 0 || this.importingFrom.size > 0;
  }

  closeAllSlots(): void {
    this.migratingTo.clear();
    this.importingFrom.clear();
  }

  isUnclaimed(slot: number): boolean {
    return (this.ownerNotClaiming[slot >> 3]! & (1 << (slot & 7))) !== 0;
  }

  noteUnclaimed(slot: number): void {
    this.ownerNotClaiming[slot >> 3]! |= 1 << (slot & 7);
  }

  noteClaimed(slot: number): void {
    clearBit(this.ownerNotClaiming, slot);
  }

  #anyMasterHasReplicas(): boolean {
    for (const node of this.nodes.values()) if (node.isMaster && node.replicas.length > 0) return true;
    return false;
  }

  // --------------------------------------------------------------------------------------------------------- epochs

  /** The highest epoch that is known of anybody. */
  get maxEpoch(): number {
    let max = this.currentEpoch;
    for (const { configEpoch } of this.nodes.values()) if (configEpoch > max) max = configEpoch;
    return max;
  }

  /** What INFO shows as cluster_my_epoch. */
  get myEpoch(): number {
    const { myself } = this;
    return myself.isReplica && myself.master !== null ? myself.master.configEpoch : myself.configEpoch;
  }

  doBeforeSleep(due: number): void {
    const isFirst = this.due === 0;
    this.due |= due;
    if (isFirst) this.observer?.workToDo();
  }
}

/** Whole bytes are looked at as such: bitmaps are long runs of the same. */
function rangesOf(bitmap: Uint8Array): SlotRange[] {
  const ranges: SlotRange[] = [];
  let first = -1;
  for (let at = 0; at < SLOT_BITMAP_BYTES; at++) {
    const byte = bitmap[at]!;
    if (byte === (first < 0 ? 0 : 0xff)) continue;
    for (let bit = 0; bit < 8; bit++) {
      const isSet = (byte & (1 << bit)) !== 0;
      if (isSet === first >= 0) continue;
      const slot = at * 8 + bit;
      if (!isSet) ranges.push([first, slot - 1]);
      first = isSet ? slot : -1;
    }
  }
  if (first >= 0) ranges.push([first, SLOTS - 1]);
  return ranges;
}

function clearBit(bitmap: Uint8Array, slot: number): void {
  bitmap[slot >> 3]! &= ~(1 << (slot & 7));
}
