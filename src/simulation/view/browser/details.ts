/** All that is known of the selected entry: what it says, what it changed, and how things stood with its node then. */
import { describe, formatReply } from '../describe.ts';
import { type Model, type NodeState, type OpBar, segmentAt } from '../model.ts';
import { formatDuration, formatTime } from '../time-scale.ts';
import { element } from './element.ts';

const LOST_LISTED = 30;
type Row = readonly [label: string, value: string, before?: string];

export class Details {
  readonly #box = document.getElementById('details')!;
  readonly #model: Model;
  readonly #select: (entry: number) => void;
  readonly #step: (by: 1 | -1) => void;
  readonly #zoomIn: () => void;

  constructor(model: Model, acts: { select(entry: number): void; step(by: 1 | -1): void; zoomIn(): void }) {
    this.#model = model;
    this.#select = acts.select;
    this.#step = acts.step;
    this.#zoomIn = acts.zoomIn;
  }

  show(index: number): void {
    this.#box.replaceChildren(...(index < 0 ? this.#overall() : this.#entry(index)));
    this.#box.scrollTop = 0;
  }

  // -------------------------------------------------------------------------------------------------------- the whole run

  #overall(): HTMLElement[] {
    const { run, checks, ops } = this.#model;
    const parts: HTMLElement[] = [element('h2', {}, 'This run')];
    if (run.violation !== null) {
      parts.push(element('p', { className: 'line tone-bad' }, `${run.violation.checker}: ${run.violation.text}`));
      const [check] = checks;
      if (check !== undefined)
        parts.push(
          element(
            'nav',
            {},
            this.#button('Go there', () => this.#select(check)),
          ),
        );
    }
    const lost = ops.filter((op) => op.lost !== null);
    if (lost.length > 0) {
      parts.push(element('h3', {}, `Acknowledged and lost: ${lost.length}`));
      parts.push(...lost.slice(0, LOST_LISTED).map((op) => this.#lostLine(op)));
      if (lost.length > LOST_LISTED)
        parts.push(element('p', { className: 'hint' }, `and ${lost.length - LOST_LISTED} more`));
    }
    const hint = 'Click anything, or press the right arrow key on the timeline, to see what happened there.';
    parts.push(element('p', { className: 'line hint' }, hint));
    return parts;
  }

  #lostLine({ invoke, end }: OpBar): HTMLElement {
    const entry = this.#model.entries[invoke]!;
    const text = entry.kind === 'op' ? `${formatTime(entry.t)} ${entry.node} ${entry.words.join(' ')}` : '';
    return element(
      'nav',
      {},
      this.#button(text, () => this.#select(end >= 0 ? end : invoke)),
    );
  }

  // ------------------------------------------------------------------------------------------------------------ one entry

  #entry(index: number): HTMLElement[] {
    const entry = this.#model.entries[index]!;
    const where = entry.node === '' ? 'The world' : entry.node;
    const when = element('small', {}, `${(entry.t / 1000).toFixed(6)} s · no. ${entry.seq}`);
    const parts: HTMLElement[] = [element('h2', {}, `${where} · ${entry.kind} `, when)];
    if (entry.kind === 'message') parts.push(element('pre', {}, entry.head));
    else parts.push(element('p', { className: 'line' }, describe(entry)));
    const rows = this.#factsOf(index);
    if (rows.length > 0) parts.push(table(rows));
    const change = this.#changeOf(index);
    if (change.length > 0) parts.push(element('h3', {}, 'State change'), table(change));
    const state = this.#stateRows(entry.node, entry.t);
    if (state.length > 0) parts.push(element('h3', {}, `${entry.node} at that moment`), table(state));
    parts.push(
      element(
        'nav',
        {},
        this.#button('‹ Before', () => this.#step(-1)),
        this.#button('Next ›', () => this.#step(1)),
        this.#button('Zoom in here', this.#zoomIn),
      ),
    );
    return parts;
  }

  #factsOf(index: number): Row[] {
    const entry = this.#model.entries[index]!;
    switch (entry.kind) {
      case 'message':
        return [
          ['from', `${entry.from}, sent at ${(entry.sentAt / 1000).toFixed(6)} s`],
          ['to', `${entry.to}, arrived after ${formatDuration(entry.t - entry.sentAt)}`],
          ['size', `${entry.bytes} bytes`],
        ];
      case 'op':
        return this.#opRows(index);
      case 'fault': {
        const rows: Row[] = [['nodes', entry.nodes.join(', ') || 'all']];
        if (entry.untilMs !== null)
          rows.push(['lasts', `${formatDuration(entry.untilMs - entry.t)}, to ${formatTime(entry.untilMs)}`]);
        return [...rows, ['as data', JSON.stringify(entry.fault)]];
      }
      case 'sync':
        return [
          ['history', entry.replid],
          ['offset', String(entry.offset)],
        ];
      case 'check':
        return [['promise', entry.checker]];
      default:
        return [];
    }
  }

  #opRows(index: number): Row[] {
    const op = this.#model.ops.find(({ invoke, end }) => invoke === index || end === index);
    if (op === undefined) return [];
    const [asked, told] = [this.#model.entries[op.invoke]!, this.#model.entries[op.end]];
    if (asked.kind !== 'op') return [];
    const rows: Row[] = [['command', asked.words.join(' ')]];
    rows.push(['asked', `${(asked.t / 1000).toFixed(6)} s${asked.at === undefined ? '' : `, ${asked.at}`}`]);
    const outcome = { ok: 'acknowledged', fail: 'failed, had no effect', info: 'unknown', open: 'unknown' }[op.outcome];
    rows.push(['outcome', `${outcome} after ${formatDuration(op.toMs - op.fromMs)}`]);
    if (told?.kind === 'op') {
      if (told.reply !== undefined) rows.push(['reply', formatReply(told.reply)]);
      if (told.at !== undefined) rows.push(['answered by', told.at]);
    }
    if (op.lost !== null) rows.push(['lost', op.lost]);
    return rows;
  }

  /** What is different about the node since this entry. */
  #changeOf(index: number): Row[] {
    const entry = this.#model.entries[index]!;
    const lane = this.#model.lanes[this.#model.laneOf.get(entry.node) ?? -1];
    const at = lane?.segments.findIndex((segment) => segment.entry === index) ?? -1;
    if (lane === undefined || at < 1) return [];
    const before = new Map(stateRows(lane.segments[at - 1]!.state).map(([label, value]) => [label, value]));
    const after = stateRows(lane.segments[at]!.state);
    const labels = new Set(after.map(([label]) => label));
    const gone = [...before].filter(([label]) => !labels.has(label)).map(([label, value]): Row => [label, '–', value]);
    const changed = after.filter(([label, value]) => before.get(label) !== value);
    return [...changed.map(([label, value]): Row => [label, value, before.get(label) ?? '–']), ...gone];
  }

  #stateRows(node: string, timeMs: number): Row[] {
    const lane = this.#model.lanes[this.#model.laneOf.get(node) ?? -1];
    if (lane === undefined || lane.kind === 'client') return [];
    const segment = segmentAt(lane, timeMs);
    return segment === null ? [] : stateRows(segment.state);
  }

  #button(text: string, act: () => void): HTMLButtonElement {
    const button = element('button', { type: 'button' }, text);
    button.addEventListener('click', act);
    return button;
  }
}

function stateRows(state: NodeState): Row[] {
  const rows: Row[] = [['process', state.life]];
  if (state.role !== null)
    rows.push(['role', state.role === 'master' ? 'master' : `replica of ${state.of ?? 'nobody'}`]);
  if (state.currentEpoch !== null) rows.push(['current epoch', String(state.currentEpoch)]);
  if (state.configEpoch !== null) rows.push(['config epoch', String(state.configEpoch)]);
  if (state.slots !== null) rows.push(['slots', state.slots === '' ? 'none' : state.slots]);
  if (state.leads) rows.push(['leads', 'a failover']);
  for (const [about, flags] of state.flags) rows.push([`holds ${about} for`, flags.join(', ')]);
  return rows;
}

function table(rows: readonly Row[]): HTMLElement {
  const lines = rows.map(([label, value, before]) => {
    const cell = element('td', {});
    if (before === undefined) cell.textContent = value;
    else cell.append(element('s', {}, before), element('b', {}, value));
    return element('tr', {}, element('th', { scope: 'row' }, label), cell);
  });
  return element('table', {}, element('tbody', {}, ...lines));
}
