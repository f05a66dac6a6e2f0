/**
 * The history as text, one line for each entry that is shown: what a screen reader reads and where a keyboard is quickest. Only
 * the lines in sight are in the document, however many there are.
 */
import { describe, toneOf } from '../describe.ts';
import type { Filter } from '../filter.ts';
import { firstAbove, type Model } from '../model.ts';

const ROW_PX = 22;
const BEYOND_ROWS = 8;
/** Browsers give up on elements much higher than this; then rows are reached by share of the way. */
const HEIGHT_MAX_PX = 8_000_000;

export class LogList {
  readonly #box: HTMLElement;
  readonly #rows: HTMLElement;
  readonly #count: HTMLElement;
  readonly #model: Model;
  readonly #filter: Filter;
  #selected = -1;

  constructor(model: Model, filter: Filter, select: (entry: number) => void) {
    this.#box = document.getElementById('log')!;
    this.#rows = document.getElementById('log-rows')!;
    this.#count = document.getElementById('log-count')!;
    this.#model = model;
    this.#filter = filter;
    this.#box.addEventListener('scroll', () => this.#fill());
    new ResizeObserver(() => this.#fill()).observe(this.#box);
    this.#rows.addEventListener('click', (event) => {
      const row = (event.target as Element).closest<HTMLElement>('[data-entry]');
      if (row !== null) select(Number(row.dataset['entry']));
    });
    this.#box.addEventListener('keydown', (event) => {
      const by = { ArrowDown: 1, ArrowUp: -1, PageDown: 20, PageUp: -20, Home: -Infinity, End: Infinity }[event.key];
      if (by === undefined || this.#filter.shown.length === 0) return;
      event.preventDefault();
      event.stopPropagation();
      const { shown } = this.#filter;
      const at = Math.min(Math.max(0, this.#placeOf(this.#selected) + by), shown.length - 1);
      select(shown[at]!);
    });
  }

  /** What is shown has changed. */
  refresh(): void {
    const { length } = this.#filter.shown;
    this.#count.textContent = `${length.toLocaleString('en')} of ${this.#model.entries.length.toLocaleString('en')}`;
    this.#rows.style.height = `${Math.min(HEIGHT_MAX_PX, length * ROW_PX)}px`;
    this.#fill();
  }

  select(entry: number): void {
    this.#selected = entry;
    if (entry >= 0) this.#scrollTo(this.#placeOf(entry));
    this.#fill();
  }

  #placeOf(entry: number): number {
    const { shown } = this.#filter;
    return entry < 0 ? -1 : firstAbove(shown.length, (i) => shown[i]! >= entry);
  }

  #scrollTo(place: number): void {
    const top = place * ROW_PX * this.#squeeze;
    const { scrollTop, clientHeight } = this.#box;
    if (top < scrollTop + ROW_PX || top > scrollTop + clientHeight - 2 * ROW_PX) {
      this.#box.scrollTop = top - clientHeight / 2;
    }
  }

  /** Below one if there are more rows than a browser can scroll. */
  get #squeeze(): number {
    return Math.min(1, HEIGHT_MAX_PX / Math.max(1, this.#filter.shown.length * ROW_PX));
  }

  #fill(): void {
    const { shown } = this.#filter;
    const { scrollTop, clientHeight } = this.#box;
    const inSight = Math.ceil(clientHeight / ROW_PX) + 2 * BEYOND_ROWS;
    const first = Math.max(0, Math.floor(scrollTop / ROW_PX / this.#squeeze) - BEYOND_ROWS);
    const rows: HTMLElement[] = [];
    const shiftPx = scrollTop - (first + Math.min(first, BEYOND_ROWS)) * ROW_PX;
    for (let place = first; place < Math.min(shown.length, first + inSight); place++) {
      const row = this.#makeRow(shown[place]!, place);
      row.style.top = `${this.#squeeze === 1 ? place * ROW_PX : place * ROW_PX + shiftPx}px`;
      rows.push(row);
    }
    this.#rows.replaceChildren(...rows);
    const active = rows.find((row) => row.getAttribute('aria-selected') === 'true');
    if (active === undefined) this.#box.removeAttribute('aria-activedescendant');
    else this.#box.setAttribute('aria-activedescendant', active.id);
  }

  #makeRow(index: number, place: number): HTMLElement {
    const entry = this.#model.entries[index]!;
    const row = document.createElement('div');
    row.id = `entry-${index}`;
    row.dataset['entry'] = String(index);
    row.setAttribute('role', 'option');
    row.setAttribute('aria-selected', String(index === this.#selected));
    row.setAttribute('aria-setsize', String(this.#filter.shown.length));
    row.setAttribute('aria-posinset', String(place + 1));
    const time = document.createElement('time');
    time.textContent = (entry.t / 1000).toFixed(3);
    const node = document.createElement('i');
    node.textContent = entry.node === '' ? '·' : entry.node;
    const text = document.createElement('span');
    text.className = `tone-${toneOf(entry)}`;
    text.textContent = text.title = describe(entry);
    row.append(time, node, text);
    return row;
  }
}
