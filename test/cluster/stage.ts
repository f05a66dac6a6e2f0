/** A machine without a server: a `Core` whose services write down what they are asked for, and links that go nowhere. */
import { Outbox, type WritableLink } from '../../src/cluster/bus/outbox.ts';
import type { ClusterSettings, Core, NodeServices } from '../../src/cluster/core.ts';
import type { ClusterEvent } from '../../src/cluster/events.ts';
import type { RemoteLink } from '../../src/cluster/handshake.ts';
import { REDIS_PACE } from '../../src/cluster/pace.ts';
import { ClusterNode, ClusterState, NODE } from '../../src/cluster/state.ts';
import { Prng } from '../../src/host/prng.ts';

export const NOW_MS = 1_700_000_000_000;

export function idOf(letter: string): string {
  return letter.repeat(40);
}

/** Frames that were written to it. */
export class FakeLink implements RemoteLink, WritableLink {
  readonly direction: 'to' | 'from';
  readonly createdMs: number;
  readonly frames: Buffer[] = [];
  node: ClusterNode | null;
  isConnected = true;
  isClosed = false;
  queuedBytes = 0;
  localIp = '127.0.0.1';
  remoteIp = '127.0.0.9';

  constructor(direction: 'to' | 'from', node: ClusterNode | null, createdMs = NOW_MS) {
    this.direction = direction;
    this.node = node;
    this.createdMs = createdMs;
  }

  write(frame: Buffer): void {
    this.frames.push(frame);
  }

  close(): void {
    this.isClosed = true;
    if (this.node?.link === this) this.node.link = null;
    if (this.node?.inboundLink === this) this.node.inboundLink = null;
  }
}

export class FakeServices implements NodeServices {
  replicationOffset = 0;
  isFollowing = false;
  dataAgeMs = 0;
  readonly asked: string[] = [];
  readonly keys = new Map<number, number>();
  now: () => number = () => NOW_MS;

  follow(host: string, port: number): void {
    this.isFollowing = true;
    this.asked.push(`follow ${host}:${port}`);
  }

  promote(): void {
    this.isFollowing = false;
    this.asked.push('promote');
  }

  emptyDataset(): void {
    this.asked.push('empty');
  }

  countKeysInSlot(slot: number): number {
    return this.keys.get(slot) ?? 0;
  }

  deleteKeysInSlot(slot: number): void {
    this.asked.push(`delete ${slot}`);
  }

  pauseWrites(untilMs: number): void {
    this.asked.push(`pause for ${untilMs - NOW_MS}`);
  }

  resumeWrites(): void {
    this.asked.push('resume');
  }

  deliver(channel: Buffer, message: Buffer, isSharded: boolean): void {
    this.asked.push(`${isSharded ? 'shard ' : ''}message ${channel.toString()} ${message.toString()}`);
  }

  connect(node: ClusterNode): void {
    node.link = new FakeLink('to', node, this.now());
  }
}

type Changeable<T> = { -readonly [K in keyof T]: T[K] };

export class Stage implements Core {
  state: ClusterState;
  nowMs = NOW_MS;
  readonly settings: Changeable<ClusterSettings> = {
    nodeTimeoutMs: 1000,
    replicaValidityFactor: 10,
    migrationBarrier: 1,
    replicaNoFailover: false,
    allowReplicaMigration: true,
    requireFullCoverage: true,
    linkBufferLimitBytes: 0,
    announceIp: '',
    announceHostname: '',
    announcedPort: 7000,
    announcedBusPort: 17_000,
    replicationPingPeriodMs: 10_000,
    pace: { ...REDIS_PACE, writableDelayMs: 0 },
  };
  readonly random = new Prng(1);
  readonly lines: string[] = [];
  readonly events: ClusterEvent[] = [];
  readonly log = {
    isDebugging: false,
    debug: (line: string): void => void this.lines.push(line),
    verbose: (line: string): void => void this.lines.push(line),
    notice: (line: string): void => void this.lines.push(line),
    warning: (line: string): void => void this.lines.push(line),
  };
  readonly outbox = new Outbox();
  readonly services = new FakeServices();
  droppedType = -1;

  constructor(id = idOf('a')) {
    this.state = new ClusterState(new ClusterNode(id, NODE.myself | NODE.master, NOW_MS));
    this.state.myself.ip = '127.0.0.1';
    this.services.now = () => this.nowMs;
  }

  note(event: ClusterEvent): void {
    this.events.push(event);
  }

  /** Another node, with a link to it. */
  add(letter: string, flags: number = NODE.master): ClusterNode {
    const node = new ClusterNode(idOf(letter), flags, NOW_MS);
    node.ip = '127.0.0.2';
    node.port = 7001;
    node.busPort = 17_001;
    node.link = new FakeLink('to', node);
    this.state.add(node);
    return node;
  }

  assign(node: ClusterNode, first: number, last: number): void {
    for (let slot = first; slot <= last; slot++) this.state.assign(slot, node);
  }

  /** What was sent to a node since the last time; by type, if one is given. */
  sentTo(node: ClusterNode, type?: number): Buffer[] {
    this.outbox.flush();
    const frames = (node.link as FakeLink).frames.splice(0);
    return type === undefined ? frames : frames.filter((frame) => frame.readUInt16BE(12) === type);
  }
}
