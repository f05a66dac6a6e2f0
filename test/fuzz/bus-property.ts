/**
 * Whatever comes over the bus of a cluster, from strangers, from nodes that are known and from one that pretends to be us:
 * the machine goes on, its tables fit together, and what it would write to nodes.conf can be read again.
 */
import * as fc from 'fast-check';
import { FrameReader } from '../../src/cluster/bus/frame-reader.ts';
import { AT, GOSSIP, HEADER_BYTES, ID_BYTES, SIGNATURE, UPDATE } from '../../src/cluster/bus/layout.ts';
import { updateClusterState } from '../../src/cluster/cluster-state.ts';
import { runCron } from '../../src/cluster/cron.ts';
import { stepElection } from '../../src/cluster/election.ts';
import { processFrame } from '../../src/cluster/machine.ts';
import { beginManualFailover, stepManualFailover } from '../../src/cluster/manual-failover.ts';
import { configText, parseNodes } from '../../src/cluster/nodes-conf.ts';
import { type ClusterNode, NODE, SLOT_BITMAP_BYTES, SLOTS } from '../../src/cluster/state.ts';
import { FakeLink, idOf, Stage } from '../cluster/stage.ts';

const TYPES_MAX = 12;
const CRON_MS = 100;
const LOOK_EVERY = 8;

/** `a` is the node itself; `b` to `e` are known, `x` to `z` are not. */
const id = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom(...'bcde').map(idOf) },
  { weight: 3, arbitrary: fc.constantFrom(...'axyz').map(idOf) },
  { weight: 1, arbitrary: fc.constantFrom('\0'.repeat(ID_BYTES), `${'a'.repeat(39)}\n`, `A${'b'.repeat(39)}`) },
);
const master = fc.oneof({ weight: 3, arbitrary: fc.constant('\0'.repeat(ID_BYTES)) }, { weight: 2, arbitrary: id });
const ip = fc.constantFrom('', '127.0.0.2', '10.0.0.1', '::1', 'bad address', '1'.repeat(46), '\n', '1.2.3.4:5@6');
const port = fc.constantFrom(0, 1, 7001, 17_001, 65_535);
const epoch = fc.oneof(
  { weight: 8, arbitrary: fc.bigInt({ min: 0n, max: 12n }) },
  { weight: 1, arbitrary: fc.constantFrom(2n ** 52n, 2n ** 52n + 1n, 2n ** 64n - 1n) },
);
const flags = fc.oneof(fc.constantFrom(17, 18, 273, 1, 2), fc.integer({ min: 0, max: 65_535 }));
const seconds = fc.constantFrom(0, 1_700_000_000, 2 ** 32 - 1);

interface Range {
  readonly first: number;
  readonly count: number;
}
const range: fc.Arbitrary<Range> = fc.record({
  first: fc.integer({ min: 0, max: SLOTS - 1 }),
  count: fc.constantFrom(0, 1, 9, 5000, SLOTS),
});

const gossip = fc.record({ id, ip, port, busPort: port, flags, pong: seconds });

const extension = fc.record({
  type: fc.constantFrom(0, 0, 0, 1, 65_535),
  length: fc.constantFrom(0, 8, 15, 16, 24, 32, 2 ** 32 - 8),
  text: fc.constantFrom('', 'h', 'host.example', 'two words', 'a\nb', 'x'.repeat(300)),
});

const frame = fc.record({
  type: fc.oneof(fc.integer({ min: 0, max: 2 }), fc.integer({ min: 0, max: TYPES_MAX })),
  version: fc.constantFrom(1, 1, 1, 1, 1, 1, 1, 0, 2),
  sender: id,
  master,
  slots: range,
  currentEpoch: epoch,
  configEpoch: epoch,
  offset: epoch,
  ip,
  port,
  busPort: port,
  flags,
  messageFlags: fc.constantFrom(0, 0, 0, 1, 2, 3, 4, 5, 255),
  gossip: fc.array(gossip, { maxLength: 4 }),
  extensions: fc.array(extension, { maxLength: 2 }),
  about: id,
  aboutEpoch: epoch,
  aboutSlots: range,
  words: fc.tuple(fc.string({ maxLength: 6 }), fc.string({ maxLength: 6 })),
});
type FuzzFrame = typeof frame extends fc.Arbitrary<infer T> ? T : never;

const spoiling = fc.record({
  at: fc.integer({ min: 0, max: HEADER_BYTES + 300 }),
  value: fc.integer({ min: 0, max: 255 }),
  /** Bytes that are missing at the end, or too many. */
  change: fc.constantFrom(0, 0, -1, 1, -40, 200),
});

type Step =
  | { readonly kind: 'frame'; readonly frame: FuzzFrame; readonly link: number; readonly cut: number }
  | { readonly kind: 'spoilt'; readonly frame: FuzzFrame; readonly link: number; readonly how: readonly Spoiling[] }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array; readonly link: number }
  | { readonly kind: 'time'; readonly ms: number }
  | { readonly kind: 'failover' };
type Spoiling = typeof spoiling extends fc.Arbitrary<infer T> ? T : never;

const link = fc.integer({ min: 0, max: 5 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({ kind: fc.constant('frame' as const), frame, link, cut: fc.integer({ min: 0, max: 3000 }) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('spoilt' as const),
      frame,
      link,
      how: fc.array(spoiling, { minLength: 1, maxLength: 3 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('bytes' as const), bytes: fc.uint8Array({ maxLength: 60 }), link }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('time' as const), ms: fc.constantFrom(100, 600, 2000, 61_000) }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'failover' as const }) },
);

export const busProperty = fc.property(
  fc.boolean(),
  fc.array(step, { minLength: 1, maxLength: 60, size: 'max' }),
  (isReplica, steps) => {
    const fuzzed = new FuzzMachine(isReplica);
    for (const [index, each] of steps.entries()) {
      fuzzed.play(each);
      if (index % LOOK_EVERY === 0 || index === steps.length - 1) fuzzed.findHarm();
    }
  },
);

class FuzzMachine {
  readonly #stage = new Stage();
  #cronRuns = 0;
  /** The accepted ones, each with what it has read so far. */
  readonly #accepted = new Map<number, { readonly link: FakeLink; readonly reader: FrameReader }>();

  constructor(isReplica: boolean) {
    const stage = this.#stage;
    const [b, c, d, e] = [...'bcde'].map((letter) => stage.add(letter)) as [
      ClusterNode,
      ClusterNode,
      ClusterNode,
      ClusterNode,
    ];
    stage.assign(b, 0, 5000);
    stage.assign(c, 5001, 10_000);
    for (const replica of isReplica ? [d, stage.state.myself] : [d]) {
      replica.clear(NODE.master);
      replica.set(NODE.replica);
      stage.state.setMaster(replica, b);
    }
    stage.assign(isReplica ? e : stage.state.myself, 10_001, SLOTS - 1);
    for (const [index, node] of [b, c, d, e].entries()) node.configEpoch = index + 1;
  }

  play(step: Step): void {
    const stage = this.#stage;
    switch (step.kind) {
      case 'time':
        for (let left = Math.min(step.ms, 2000); left > 0; left -= CRON_MS) {
          stage.nowMs += left <= CRON_MS ? CRON_MS + Math.max(0, step.ms - 2000) : CRON_MS;
          runCron(stage, ++this.#cronRuns);
          this.#settle();
        }
        break;
      case 'failover':
        if (stage.state.myself.isReplica) beginManualFailover(stage, 'normal', '');
        break;
      case 'bytes':
        this.#receive(step.link, [step.bytes]);
        break;
      case 'frame': {
        const bytes = bytesOf(step.frame);
        this.#receive(step.link, [bytes.subarray(0, step.cut), bytes.subarray(step.cut)]);
        break;
      }
      case 'spoilt':
        this.#receive(step.link, [step.how.reduce(spoil, bytesOf(step.frame))]);
    }
    this.#settle();
  }

  /** The first four are the links that the machine has opened, while they are there. */
  #receive(index: number, chunks: readonly Uint8Array[]): void {
    const opened = [...this.#stage.state.nodes.values()].filter((node) => node.link !== null)[index];
    if (index < 4 && opened !== undefined) this.#feed(opened.link as FakeLink, new FrameReader(), chunks);
    else {
      let accepted = this.#accepted.get(index);
      if (accepted === undefined || accepted.link.isClosed) {
        accepted = { link: new FakeLink('from', null, this.#stage.nowMs), reader: new FrameReader() };
        this.#accepted.set(index, accepted);
      }
      this.#feed(accepted.link, accepted.reader, chunks);
    }
  }

  #feed(link: FakeLink, reader: FrameReader, chunks: readonly Uint8Array[]): void {
    for (const chunk of chunks) {
      if (link.isClosed) return;
      const isGood = reader.feed(Buffer.from(chunk), (bytes) => {
        processFrame(this.#stage, link, bytes);
        return !link.isClosed;
      });
      if (!isGood) link.close();
    }
  }

  /** As the driver ends a turn. */
  #settle(): void {
    const stage = this.#stage;
    const { state } = stage;
    if (state.myself.isReplica) {
      stepManualFailover(stage);
      stepElection(stage);
    }
    updateClusterState(stage);
    state.due = 0;
    stage.outbox.flush();
  }

  /** @throws what does not fit together any more. */
  findHarm(): void {
    const { state } = this.#stage;
    const counts = new Map<ClusterNode, number>();
    for (let slot = 0; slot < SLOTS; slot++) {
      const owner = state.owners[slot]!;
      if (owner === null) continue;
      counts.set(owner, (counts.get(owner) ?? 0) + 1);
      if (!owner.holdsSlot(slot)) throw new Error(`slot ${slot} is not in the bitmap of its owner`);
    }
    for (const node of state.nodes.values()) {
      if (state.find(node.name) !== node) throw new Error(`${node.name} stands under another name`);
      if (node.slotCount !== (counts.get(node) ?? 0)) throw new Error(`${node.name} has another number of slots`);
      counts.delete(node);
      if (node.master !== null && !node.master.replicas.includes(node))
        throw new Error(`${node.name} is nobody's replica`);
    }
    if (state.myself.isMaster === state.myself.isReplica) throw new Error(`my role: ${state.myself.flags}`);
    if (counts.size > 0) throw new Error('a slot belongs to a node that is not there');
    if (!state.myself.has(NODE.myself) || state.find(idOf('a')) !== state.myself) throw new Error('I am somebody else');
    const text = configText(state);
    const read = parseNodes(text, this.#stage.nowMs, () => {});
    if (shapeOf(configText(read!)) !== shapeOf(text)) throw new Error(`was\n${text}\nis\n${configText(read!)}`);
  }
}

/** Without what the time of the reading or the links decide. */
function shapeOf(text: string): string {
  return text
    .replaceAll(/ \d+ \d+ \d+ (?:dis)?connected/g, '')
    .replace(/^vars .*$/m, '')
    .split('\n')
    .toSorted()
    .join('\n');
}

function spoil(bytes: Buffer, { at, value, change }: Spoiling): Buffer {
  const spoilt = Buffer.concat([bytes, Buffer.alloc(Math.max(0, change))]);
  if (at < spoilt.length) spoilt[at] = value;
  return change < 0 ? spoilt.subarray(0, change) : spoilt;
}

function bytesOf(frame: FuzzFrame): Buffer {
  const payload = payloadOf(frame);
  const bytes = Buffer.concat([Buffer.alloc(HEADER_BYTES), payload]);
  bytes.write(SIGNATURE, AT.signature, 'latin1');
  bytes.writeUInt32BE(bytes.length, AT.length);
  bytes.writeUInt16BE(frame.version, AT.version);
  bytes.writeUInt16BE(frame.port, AT.port);
  bytes.writeUInt16BE(frame.type, AT.type);
  if (frame.type <= 2) bytes.writeUInt16BE(frame.gossip.length, AT.count);
  bytes.writeBigUInt64BE(frame.currentEpoch, AT.currentEpoch);
  bytes.writeBigUInt64BE(frame.configEpoch, AT.configEpoch);
  bytes.writeBigUInt64BE(frame.offset, AT.replicationOffset);
  bytes.write(frame.sender, AT.sender, 'latin1');
  bitmapOf(frame.slots).copy(bytes, AT.slots);
  bytes.write(frame.master, AT.master, 'latin1');
  bytes.write(frame.ip, AT.ip, 46, 'latin1');
  if (frame.type <= 2) bytes.writeUInt16BE(frame.extensions.length, AT.extensions);
  bytes.writeUInt16BE(frame.busPort, AT.busPort);
  bytes.writeUInt16BE(frame.flags, AT.flags);
  bytes[AT.messageFlags] = frame.messageFlags;
  return bytes;
}

function payloadOf(frame: FuzzFrame): Buffer {
  switch (frame.type) {
    case 0:
    case 1:
    case 2:
      return Buffer.concat([...frame.gossip.map(gossipBytes), ...frame.extensions.map(extensionBytes)]);
    case 3:
      return Buffer.from(frame.about, 'latin1');
    case 4:
    case 10: {
      const [channel, message] = frame.words.map((word) => Buffer.from(word)) as [Buffer, Buffer];
      const lengths = Buffer.alloc(8);
      lengths.writeUInt32BE(channel.length, 0);
      lengths.writeUInt32BE(message.length, 4);
      return Buffer.concat([lengths, channel, message]);
    }
    case 7: {
      const bytes = Buffer.alloc(UPDATE.bytes);
      bytes.writeBigUInt64BE(frame.aboutEpoch, 0);
      bytes.write(frame.about, 8, 'latin1');
      bitmapOf(frame.aboutSlots).copy(bytes, 48);
      return bytes;
    }
    case 9:
      return Buffer.alloc(13);
    default:
      return Buffer.alloc(0);
  }
}

function gossipBytes(entry: FuzzFrame['gossip'][number]): Buffer {
  const bytes = Buffer.alloc(GOSSIP.bytes);
  bytes.write(entry.id, GOSSIP.id, 'latin1');
  bytes.writeUInt32BE(entry.pong, GOSSIP.pongReceived);
  bytes.write(entry.ip, GOSSIP.ip, 46, 'latin1');
  bytes.writeUInt16BE(entry.port, GOSSIP.port);
  bytes.writeUInt16BE(entry.busPort, GOSSIP.busPort);
  bytes.writeUInt16BE(entry.flags, GOSSIP.flags);
  return bytes;
}

function extensionBytes({ type, length, text }: FuzzFrame['extensions'][number]): Buffer {
  const bytes = Buffer.alloc(length >= 8 && length <= 32 ? length : 16);
  bytes.writeUInt32BE(length, 0);
  bytes.writeUInt16BE(type, 4);
  bytes.write(text, 8, 'latin1');
  return bytes;
}

function bitmapOf({ first, count }: Range): Buffer {
  const bitmap = Buffer.alloc(SLOT_BITMAP_BYTES);
  for (let slot = first; slot < Math.min(SLOTS, first + count); slot++) bitmap[slot >> 3]! |= 1 << (slot & 7);
  return bitmap;
}
