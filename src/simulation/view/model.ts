/**
 * A history as a picture: lanes with segments of equal state, operations as bars, messages as arrows, faults as bands.
 * Everything refers to entries by their index, so that whatever is pointed at leads back to what happened.
 *
 * A colour stands for a dataset and not for a node: a master that comes first gets one, its replicas have the same, and
 * whoever of them takes over keeps it. Two masters of one colour at the same time are a split brain.
 */
import { faultText, formatSlots, groupOf, isAboutVotes, type Group, toneOf, type Tone } from './describe.ts';
import type { EntryOf, HistoryEntry } from '../history.ts';
import type { ViewedRun } from './viewed-run.ts';

export type LaneKind = 'client' | 'server' | 'sentinel';
export type Life = 'up' | 'paused' | 'killed' | 'lost-power' | 'exited' | 'unknown';

/** What is known of a node at a moment. */
export interface NodeState {
  readonly life: Life;
  readonly role: 'master' | 'replica' | null;
  readonly of: string | null;
  /** Index of the colour of its dataset, or null. */
  readonly hue: number | null;
  readonly currentEpoch: number | null;
  readonly configEpoch: number | null;
  readonly slots: string | null;
  readonly isTilt: boolean;
  /** Of a sentinel: it carries out a failover. */
  readonly leads: boolean;
  /** Whom it holds for what. */
  readonly flags: ReadonlyMap<string, readonly string[]>;
}

export interface Segment {
  readonly fromMs: number;
  toMs: number;
  readonly state: NodeState;
  /** The entry that made it so; -1 at the start. */
  readonly entry: number;
}

export interface Lane {
  readonly index: number;
  readonly name: string;
  readonly kind: LaneKind;
  /** One after the other, without gaps. */
  readonly segments: Segment[];
  /** The same, but for what no bar shows: whom a node suspects. */
  bars: readonly Segment[];
}

export interface OpBar {
  readonly lane: number;
  readonly fromMs: number;
  toMs: number;
  /** `open`: no outcome was seen. */
  outcome: 'ok' | 'fail' | 'info' | 'open';
  readonly isWrite: boolean;
  /** It was acknowledged, and is gone; why. */
  lost: string | null;
  readonly invoke: number;
  end: number;
}

export type MarkShape =
  'vote' | 'event' | 'elected' | 'promoted' | 'suspect' | 'well' | 'full-sync' | 'partial-sync' | 'log';

export interface Mark {
  readonly lane: number;
  readonly timeMs: number;
  readonly shape: MarkShape;
  readonly tone: Tone;
  readonly entry: number;
}

export interface Arrow {
  readonly from: number;
  readonly to: number;
  readonly sentMs: number;
  readonly timeMs: number;
  readonly weight: 'routine' | 'plain' | 'vote';
  readonly entry: number;
}

export interface Band {
  readonly fromMs: number;
  toMs: number;
  /** Lanes that it lies over; none means all. */
  readonly lanes: readonly number[];
  readonly kind: string;
  readonly text: string;
  /** Where it is drawn among those at the same time. */
  row: number;
  readonly entry: number;
  readonly isMoment: boolean;
}

export interface Model {
  readonly run: ViewedRun;
  readonly entries: readonly HistoryEntry[];
  readonly groups: readonly Group[];
  readonly endMs: number;
  readonly lanes: readonly Lane[];
  readonly laneOf: ReadonlyMap<string, number>;
  readonly ops: readonly OpBar[];
  readonly marks: readonly Mark[];
  /** In the order of their arrival. */
  readonly arrows: readonly Arrow[];
  readonly longestFlightMs: number;
  readonly bands: readonly Band[];
  readonly bandRows: number;
  /** Where it went wrong. */
  readonly checks: readonly number[];
}

const NOTHING_KNOWN: NodeState = {
  life: 'unknown',
  role: null,
  of: null,
  hue: null,
  currentEpoch: null,
  configEpoch: null,
  slots: null,
  isTilt: false,
  leads: false,
  flags: new Map(),
};

const READS = new Set([
  'GET',
  'MGET',
  'LRANGE',
  'SMEMBERS',
  'EXISTS',
  'STRLEN',
  'LLEN',
  'WAIT',
  'PING',
  'HGETALL',
  'SCARD',
]);
const ROUTINE_GROUPS: ReadonlySet<Group> = new Set(['routine', 'traffic', 'stream']);
const BAND_ROWS_MAX = 4;

export function buildModel(run: ViewedRun): Model {
  return new Builder(run).build();
}

class Builder {
  readonly #run: ViewedRun;
  readonly #lanes: Lane[];
  readonly #laneOf: Map<string, number>;
  readonly #endMs: number;
  readonly #ops: OpBar[] = [];
  readonly #openOps = new Map<string, OpBar>();
  readonly #marks: Mark[] = [];
  readonly #arrows: Arrow[] = [];
  readonly #bands: Band[] = [];
  readonly #checks: number[] = [];
  #longestFlightMs = 0;
  #hues = 0;

  constructor(run: ViewedRun) {
    this.#run = run;
    this.#endMs = run.entries.at(-1)?.t ?? 0;
    this.#lanes = lanesOf(run.entries);
    this.#laneOf = new Map(this.#lanes.map(({ name, index }) => [name, index]));
  }

  build(): Model {
    const { entries, lost } = this.#run;
    for (const [index, entry] of entries.entries()) this.#take(entry, index);
    for (const lane of this.#lanes) {
      for (const segment of lane.segments.slice(-1)) segment.toMs = this.#endMs;
      lane.bars = mergeEqualLooks(lane.segments);
    }
    for (const op of this.#ops) if (op.outcome === 'open') op.toMs = this.#endMs;
    this.#markLost(lost);
    const bandRows = stack(this.#bands);
    return {
      run: this.#run,
      entries,
      groups: entries.map(groupOf),
      endMs: this.#endMs,
      lanes: this.#lanes,
      laneOf: this.#laneOf,
      ops: this.#ops,
      marks: this.#marks,
      arrows: this.#arrows,
      longestFlightMs: this.#longestFlightMs,
      bands: this.#bands,
      bandRows,
      checks: this.#checks,
    };
  }

  #take(entry: HistoryEntry, index: number): void {
    const lane = this.#lanes[this.#laneOf.get(entry.node) ?? -1];
    switch (entry.kind) {
      case 'fault':
        this.#addBand(entry, index);
        return;
      case 'heal':
        this.#endBands(entry);
        return;
      case 'phase':
        if (entry.phase === 'healed') this.#endAllBands(entry.t);
        return;
      case 'check':
        this.#checks.push(index);
        return;
      case 'message':
        this.#addArrow(entry, index);
        return;
    }
    if (lane === undefined) return;
    if (entry.kind === 'op') this.#takeOp(lane, entry, index);
    else {
      this.#changeState(lane, entry, index);
      this.#addMark(lane, entry, index);
    }
  }

  // ------------------------------------------------------------------------------------------------------------ states

  #changeState(lane: Lane, entry: HistoryEntry, index: number): void {
    const before = lane.segments.at(-1);
    const change = this.#changeBy(before?.state ?? NOTHING_KNOWN, entry);
    if (change === null) return;
    const state = { ...(before?.state ?? NOTHING_KNOWN), ...change };
    if (before !== undefined) before.toMs = entry.t;
    lane.segments.push({ fromMs: entry.t, toMs: entry.t, state, entry: index });
  }

  /** What an entry changes in the state of its node, or null. */
  #changeBy(state: NodeState, entry: HistoryEntry): Partial<NodeState> | null {
    switch (entry.kind) {
      case 'process': {
        const life = entry.state === 'resumed' ? 'up' : entry.state;
        if (life === 'up' || life === 'paused') return life === state.life ? null : { life };
        return { life, role: null, of: null, isTilt: false, leads: false, flags: new Map() };
      }
      case 'role': {
        if (state.role === entry.role && state.of === entry.of) return null;
        return { life: alive(state), role: entry.role, of: entry.of, hue: this.#hueFor(state, entry) };
      }
      case 'epoch':
        if (state.currentEpoch === entry.current && state.configEpoch === entry.config) return null;
        return { life: alive(state), currentEpoch: entry.current, configEpoch: entry.config };
      case 'slots': {
        const slots = formatSlots(entry.slots);
        return slots === state.slots ? null : { life: alive(state), slots };
      }
      case 'flags': {
        const isTilt = entry.about === entry.node && entry.flags.includes('tilt');
        const flags = new Map(state.flags);
        if (entry.flags.length === 0) flags.delete(entry.about);
        else flags.set(entry.about, entry.flags);
        return { life: alive(state), flags, ...(entry.about === entry.node ? { isTilt } : {}) };
      }
      case 'event':
        return changeByEvent(state, entry.event);
      default:
        return state.life === 'unknown' ? { life: 'up' } : null;
    }
  }

  #hueFor(state: NodeState, entry: EntryOf<'role'>): number | null {
    if (entry.role === 'master') return state.hue ?? this.#hues++;
    const master = entry.of === null ? undefined : this.#lanes[this.#laneOf.get(entry.of) ?? -1];
    if (master === undefined) return state.hue;
    const known = master.segments.at(-1)?.state.hue;
    if (known !== null && known !== undefined) return known;
    // The master has not spoken yet.
    const hue = this.#hues++;
    const fromMs = master.segments.at(-1)?.toMs ?? entry.t;
    const before = master.segments.at(-1)?.state ?? NOTHING_KNOWN;
    if (master.segments.length > 0) master.segments.at(-1)!.toMs = entry.t;
    master.segments.push({ fromMs: Math.max(fromMs, entry.t), toMs: entry.t, state: { ...before, hue }, entry: -1 });
    return hue;
  }

  // ------------------------------------------------------------------------------------------------- what is drawn there

  #addMark(lane: Lane, entry: HistoryEntry, index: number): void {
    const shape = shapeOf(entry, lane);
    if (shape === null) return;
    this.#marks.push({ lane: lane.index, timeMs: entry.t, shape, tone: toneOf(entry), entry: index });
  }

  #addArrow(entry: EntryOf<'message'>, index: number): void {
    const from = this.#laneOf.get(entry.from);
    const to = this.#laneOf.get(entry.to);
    if (from === undefined || to === undefined) return;
    const weight = isAboutVotes(entry) ? 'vote' : ROUTINE_GROUPS.has(groupOf(entry)) ? 'routine' : 'plain';
    this.#arrows.push({ from, to, sentMs: entry.sentAt, timeMs: entry.t, weight, entry: index });
    this.#longestFlightMs = Math.max(this.#longestFlightMs, entry.t - entry.sentAt);
  }

  #takeOp(lane: Lane, entry: EntryOf<'op'>, index: number): void {
    const key = `${entry.node} ${entry.id}`;
    if (entry.phase === 'invoke') {
      const bar: OpBar = {
        lane: lane.index,
        fromMs: entry.t,
        toMs: entry.t,
        outcome: 'open',
        isWrite: !READS.has(entry.words[0]?.toUpperCase() ?? ''),
        lost: null,
        invoke: index,
        end: -1,
      };
      this.#ops.push(bar);
      this.#openOps.set(key, bar);
      return;
    }
    const bar = this.#openOps.get(key);
    if (bar === undefined || bar.end >= 0) return;
    bar.toMs = entry.t;
    bar.outcome = entry.phase;
    bar.end = index;
  }

  #markLost(lost: ViewedRun['lost']): void {
    for (const { client, op, reason } of lost) {
      const bar = this.#openOps.get(`${client} ${op}`);
      if (bar !== undefined) bar.lost = reason;
    }
  }

  #addBand(entry: EntryOf<'fault'>, index: number): void {
    if (!entry.did) return;
    this.#bands.push({
      fromMs: entry.t,
      toMs: Math.min(entry.untilMs ?? entry.t, this.#endMs),
      lanes: entry.nodes.flatMap((name) => this.#laneOf.get(name) ?? []),
      kind: entry.fault.kind,
      text: faultText(entry),
      row: 0,
      entry: index,
      isMoment: entry.untilMs === null,
    });
  }

  #endBands({ t, nodes }: EntryOf<'heal'>): void {
    const over = new Set(nodes);
    for (const band of this.#bands) {
      if (band.isMoment || band.toMs <= t) continue;
      if (band.lanes.every((lane) => over.has(this.#lanes[lane]!.name))) band.toMs = Math.max(band.fromMs, t);
    }
  }

  #endAllBands(t: number): void {
    for (const band of this.#bands) band.toMs = Math.min(band.toMs, Math.max(t, band.fromMs));
  }
}

function alive({ life }: NodeState): Life {
  return life === 'unknown' ? 'up' : life;
}

function changeByEvent(state: NodeState, event: string): Partial<NodeState> | null {
  if (event === '+tilt' || event === '-tilt') return { life: alive(state), isTilt: event === '+tilt' };
  if (event === '+elected-leader') return { life: alive(state), leads: true };
  const isOver = event === '+failover-end' || event.startsWith('-failover-abort') || event === '+switch-master';
  if (isOver && state.leads) return { leads: false };
  return state.life === 'unknown' ? { life: 'up' } : null;
}

function shapeOf(entry: HistoryEntry, lane: Lane): MarkShape | null {
  switch (entry.kind) {
    case 'vote':
      return 'vote';
    case 'event':
      return /^(?:\+elected-leader|elected|\+switch-master)$/.test(entry.event) ? 'elected' : 'event';
    case 'flags':
      return entry.flags.length === 0 ? 'well' : 'suspect';
    case 'sync':
      return entry.how === 'full' ? 'full-sync' : 'partial-sync';
    case 'role':
      // Whoever starts as a master has not been promoted.
      return entry.role === 'master' && lane.segments.some(({ state }) => state.role === 'replica') ? 'promoted' : null;
    case 'log':
      return 'log';
    default:
      return null;
  }
}

// -------------------------------------------------------------------------------------------------------------- lanes

function lanesOf(entries: readonly HistoryEntry[]): Lane[] {
  const kinds = new Map<string, LaneKind>();
  const note = (name: string, kind: LaneKind | null): void => {
    if (name !== '' && (kind !== null || !kinds.has(name))) kinds.set(name, kind ?? guessKind(name));
  };
  for (const entry of entries) {
    note(entry.node, kindOfLane(entry));
    if (entry.kind === 'message') for (const name of [entry.from, entry.to]) note(name, null);
    if (entry.kind === 'fault' || entry.kind === 'heal') for (const name of entry.nodes) note(name, null);
  }
  const order: readonly LaneKind[] = ['client', 'server', 'sentinel'];
  const byName = new Intl.Collator('en', { numeric: true });
  return [...kinds]
    .sort(([a, one], [b, other]) => order.indexOf(one) - order.indexOf(other) || byName.compare(a, b))
    .map(([name, kind], index) => ({ index, name, kind, segments: [], bars: [] }));
}

function kindOfLane(entry: HistoryEntry): LaneKind | null {
  if (entry.kind === 'op') return 'client';
  if (entry.kind === 'role' || entry.kind === 'slots' || entry.kind === 'sync') return 'server';
  return null;
}

function guessKind(name: string): LaneKind {
  if (/^client/i.test(name)) return 'client';
  return /^sentinel/i.test(name) ? 'sentinel' : 'server';
}

function mergeEqualLooks(segments: readonly Segment[]): Segment[] {
  const bars: Segment[] = [];
  let look = '';
  for (const { fromMs, toMs, state, entry } of segments) {
    const { flags: _, ...shown } = state;
    const next = JSON.stringify(shown);
    if (next === look && bars.length > 0) bars.at(-1)!.toMs = toMs;
    else bars.push({ fromMs, toMs, state, entry });
    look = next;
  }
  return bars;
}

/** Gives bands that overlap rows of their own. @returns how many rows there are. */
function stack(bands: readonly Band[]): number {
  const ends: number[] = [];
  for (const band of bands) {
    let row = ends.findIndex((endMs) => endMs < band.fromMs);
    if (row < 0) row = Math.min(ends.length, BAND_ROWS_MAX - 1);
    band.row = row;
    ends[row] = Math.max(ends[row] ?? -1, band.toMs);
  }
  return Math.max(1, ends.length);
}

// ------------------------------------------------------------------------------------------------------------ looking up

/** The segment of a lane at a moment. */
export function segmentAt(lane: Lane, timeMs: number): Segment | null {
  const at = firstAbove(lane.segments.length, (i) => lane.segments[i]!.fromMs > timeMs) - 1;
  return lane.segments[at] ?? null;
}

/** The first index for which something holds that holds for all behind it. */
export function firstAbove(length: number, isAbove: (index: number) => boolean): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isAbove(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
