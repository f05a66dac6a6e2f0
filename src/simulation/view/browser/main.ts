/** The program of the page: reads the run that lies in it, and joins timeline, overview, log and details. */
import { describe, type Group, GROUPS } from '../describe.ts';
import { Filter } from '../filter.ts';
import { buildModel, type Model } from '../model.ts';
import { formatTime, TimeScale } from '../time-scale.ts';
import type { ViewedRun } from '../viewed-run.ts';
import { Details } from './details.ts';
import { element } from './element.ts';
import { fillLegend } from './legend.ts';
import { LogList } from './log-list.ts';
import { Overview } from './overview.ts';
import { Hatching } from './shapes.ts';
import { readTheme, type Theme } from './theme.ts';
import { Timeline } from './timeline.ts';

class Page {
  readonly #model: Model;
  readonly #filter: Filter;
  readonly #scale: TimeScale;
  readonly #timeline: Timeline;
  readonly #overview: Overview;
  readonly #log: LogList;
  readonly #details: Details;
  readonly #spoken = byId('spoken');
  #theme: Theme = readTheme();
  #hatching = new Hatching();
  #selected = -1;
  #willPaint = false;

  constructor(run: ViewedRun) {
    this.#model = buildModel(run);
    this.#filter = new Filter(this.#model.entries, this.#model.groups);
    this.#scale = new TimeScale(this.#model.endMs);
    const changed = (): void => this.#paintSoon();
    const select = (entry: number): void => this.#select(entry);
    this.#timeline = new Timeline(this.#model, this.#filter, this.#scale, { select, changed });
    this.#overview = new Overview(byId('overview') as HTMLCanvasElement, this.#model, this.#scale, changed);
    this.#log = new LogList(this.#model, this.#filter, select);
    this.#details = new Details(this.#model, {
      select,
      step: (by) => this.#stepInLane(by),
      zoomIn: () => this.#zoomAt(6),
    });
    this.#writeHead();
    this.#listen();
    this.#details.show(-1);
    this.#log.refresh();
    fillLegend(this.#theme, this.#hatching);
    this.#showFragment();
    this.#paintSoon();
  }

  // ------------------------------------------------------------------------------------------------------------------ head

  #writeHead(): void {
    const { run, ops } = this.#model;
    byId('title').textContent = run.title;
    byId('subtitle').textContent = run.subtitle;
    const verdict = byId('verdict');
    const lost = ops.filter((op) => op.lost !== null).length;
    if (run.violation !== null) {
      verdict.classList.add('bad');
      verdict.append(element('code', {}, run.violation.checker), run.violation.text);
    } else if (run.lost.length > 0) {
      verdict.classList.add('lost');
      verdict.append(`No promise was broken; ${run.lost.length} acknowledged writes are gone`);
    } else verdict.append('Every promise was kept');
    const figures = byId('figures');
    for (const [label, value] of run.figures) {
      figures.append(element('div', {}, element('dt', {}, label), element('dd', {}, value)));
    }
    const problem = byId('to-problem') as HTMLButtonElement;
    if (this.#model.checks.length === 0) problem.textContent = 'Lost write';
    problem.disabled = this.#model.checks.length === 0 && lost === 0;
    this.#writeKinds();
  }

  #writeKinds(): void {
    const counts = new Map<Group, number>();
    for (const group of this.#model.groups) counts.set(group, (counts.get(group) ?? 0) + 1);
    const buttons = (Object.keys(GROUPS) as Group[])
      .filter((group) => counts.has(group))
      .map((group) => {
        const count = element('small', {}, ` ${counts.get(group)!.toLocaleString('en')}`);
        const button = element('button', { type: 'button' }, GROUPS[group], count);
        button.dataset['group'] = group;
        button.addEventListener('click', () => {
          this.#filter.toggle(group);
          this.#filterChanged();
        });
        return button;
      });
    byId('kinds').replaceChildren(...buttons);
    this.#showKinds();
  }

  #showKinds(): void {
    for (const button of byId('kinds').querySelectorAll<HTMLElement>('button')) {
      button.setAttribute('aria-pressed', String(this.#filter.shows(button.dataset['group'] as Group)));
    }
  }

  #filterChanged(): void {
    this.#showKinds();
    this.#log.refresh();
    this.#log.select(this.#selected);
    this.#paintSoon();
  }

  // ---------------------------------------------------------------------------------------------------------------- acting

  #listen(): void {
    const filter = byId('filter') as HTMLInputElement;
    filter.addEventListener('input', () => {
      this.#filter.query = filter.value;
      this.#filterChanged();
    });
    const zoom = (factor: number) => () => {
      this.#scale.zoom(factor);
      this.#paintSoon();
    };
    this.#onClick('zoom-in', zoom(1.6));
    this.#onClick('zoom-out', zoom(1 / 1.6));
    this.#onClick('zoom-fit', () => this.#fit());
    this.#onClick('to-problem', () => this.#toProblem());
    this.#onClick('to-fault', () => this.#toFault(1));
    this.#onClick('to-fault-before', () => this.#toFault(-1));
    this.#onClick('theme', () => this.#switchTheme());
    this.#onClick('legend-button', () => this.#openLegend());
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.#readTheme());
    byId('timeline').addEventListener('keydown', (event) => this.#onKey(event));
    document.addEventListener('keydown', (event) => {
      const isTyping = event.target instanceof HTMLInputElement;
      if (event.key === 'Escape' && isTyping) this.#timeline.focus();
      if (event.key !== '/' || isTyping) return;
      event.preventDefault();
      filter.focus();
    });
    window.addEventListener('hashchange', () => this.#showFragment());
  }

  #onClick(id: string, act: () => void): void {
    byId(id).addEventListener('click', act);
  }

  #onKey(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const isShift = event.shiftKey;
    const acts: Readonly<Record<string, () => void>> = {
      ArrowRight: () => (isShift ? this.#pan(1) : this.#stepInLane(1)),
      ArrowLeft: () => (isShift ? this.#pan(-1) : this.#stepInLane(-1)),
      ArrowDown: () => this.#stepLanes(1),
      ArrowUp: () => this.#stepLanes(-1),
      '+': () => this.#zoomAt(1.6),
      '=': () => this.#zoomAt(1.6),
      '-': () => this.#zoomAt(1 / 1.6),
      '0': () => this.#fit(),
      Home: () => this.#selectShown(0),
      End: () => this.#selectShown(this.#filter.shown.length - 1),
      f: () => this.#toFault(1),
      F: () => this.#toFault(-1),
      v: () => this.#toProblem(),
      Escape: () => this.#select(-1),
      '?': () => this.#openLegend(),
    };
    const act = acts[event.key];
    if (act === undefined) return;
    event.preventDefault();
    act();
  }

  #select(index: number): void {
    this.#selected = index;
    if (index >= 0) {
      if (this.#filter.isShown[index] !== 1) {
        this.#filter.reveal(index);
        (byId('filter') as HTMLInputElement).value = this.#filter.query;
        this.#showKinds();
        this.#log.refresh();
      }
      const entry = this.#model.entries[index]!;
      this.#scale.reveal(entry.t);
      this.#timeline.revealLane(entry.node);
      this.#spoken.textContent = `${formatTime(entry.t)}, ${entry.node}: ${describe(entry)}`;
      // Replaced, so that going back leaves the page.
      history.replaceState(null, '', `#${entry.seq}`);
    }
    this.#details.show(index);
    this.#log.select(index);
    this.#paintSoon();
  }

  #selectShown(place: number): void {
    const index = this.#filter.shown[place];
    if (index !== undefined) this.#select(index);
  }

  /** The next entry of the same node. */
  #stepInLane(by: 1 | -1): void {
    const { entries } = this.#model;
    const node = entries[this.#selected]?.node;
    if (node === undefined) {
      const { shown } = this.#filter;
      const first = shown.find((index) => entries[index]!.t >= this.#scale.fromMs) ?? shown[0];
      if (first !== undefined) this.#select(first);
      return;
    }
    for (let i = this.#selected + by; i >= 0 && i < entries.length; i += by) {
      if (this.#filter.isShown[i] !== 1 || entries[i]!.node !== node) continue;
      this.#select(i);
      return;
    }
  }

  /** What is nearest in time on the next lane that has anything to show. */
  #stepLanes(by: 1 | -1): void {
    const { entries, lanes, laneOf } = this.#model;
    const selected = entries[this.#selected];
    if (selected === undefined) {
      this.#stepInLane(1);
      return;
    }
    const names = ['', ...lanes.map(({ name }) => name)];
    for (let at = (laneOf.get(selected.node) ?? -1) + 1 + by; at >= 0 && at < names.length; at += by) {
      let best = -1;
      for (const i of this.#filter.shown) {
        if (entries[i]!.node !== names[at]) continue;
        if (best < 0 || Math.abs(entries[i]!.t - selected.t) < Math.abs(entries[best]!.t - selected.t)) best = i;
      }
      if (best < 0) continue;
      this.#select(best);
      return;
    }
  }

  /** The violation; without one, one lost write after the other. */
  #toProblem(): void {
    const { checks, ops } = this.#model;
    const lost = ops.filter((op) => op.lost !== null).map(({ invoke, end }) => (end >= 0 ? end : invoke));
    const all = checks.length > 0 ? checks : lost.sort((a, b) => a - b);
    const next = all.find((index) => index > this.#selected) ?? all[0];
    if (next !== undefined) this.#select(next);
  }

  #toFault(by: 1 | -1): void {
    const { entries } = this.#model;
    const start = this.#selected < 0 ? (by > 0 ? -1 : entries.length) : this.#selected;
    for (let i = start + by; i >= 0 && i < entries.length; i += by) {
      if (entries[i]!.kind !== 'fault') continue;
      this.#select(i);
      return;
    }
  }

  #zoomAt(factor: number): void {
    const entry = this.#model.entries[this.#selected];
    const x = entry === undefined ? undefined : this.#scale.xOf(entry.t);
    if (x === undefined || x < 0 || x > this.#scale.widthPx) this.#scale.zoom(factor);
    else this.#scale.zoom(factor, x);
    this.#paintSoon();
  }

  #pan(by: 1 | -1): void {
    this.#scale.pan(by * this.#scale.widthPx * 0.2);
    this.#paintSoon();
  }

  #fit(): void {
    this.#scale.fit();
    this.#paintSoon();
  }

  /** `#1234` is the entry of that number; `#12.5s-14s` a window. */
  #showFragment(): void {
    const fragment = decodeURIComponent(location.hash.slice(1));
    const range = /^([\d.]+)s-([\d.]+)s$/.exec(fragment);
    if (range !== null) this.#scale.show(Number(range[1]) * 1000, Number(range[2]) * 1000);
    const index = /^\d+$/.test(fragment) ? this.#model.entries.findIndex(({ seq }) => seq === Number(fragment)) : -1;
    if (index >= 0 && index !== this.#selected) this.#select(index);
    this.#paintSoon();
  }

  // ------------------------------------------------------------------------------------------------------------------ look

  #switchTheme(): void {
    const root = document.documentElement;
    const isDark = getComputedStyle(root).colorScheme.includes('dark');
    root.dataset['theme'] = isDark ? 'light' : 'dark';
    this.#readTheme();
  }

  #readTheme(): void {
    this.#theme = readTheme();
    this.#hatching = new Hatching();
    fillLegend(this.#theme, this.#hatching);
    this.#paintSoon();
  }

  #openLegend(): void {
    (byId('legend') as HTMLDialogElement).showModal();
  }

  #paintSoon(): void {
    if (this.#willPaint) return;
    this.#willPaint = true;
    requestAnimationFrame(() => {
      this.#willPaint = false;
      this.#timeline.paint(this.#theme, this.#hatching, this.#selected);
      this.#overview.paint(this.#theme);
      document.documentElement.dataset['painted'] = 'true';
    });
  }
}

function byId(id: string): HTMLElement {
  return document.getElementById(id)!;
}

export const page = new Page(JSON.parse(byId('run').textContent) as ViewedRun);
