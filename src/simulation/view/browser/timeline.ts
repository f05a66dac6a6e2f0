/** The canvas of lanes as something to point at, drag and walk through by keys. */
import { describe } from '../describe.ts';
import type { Filter } from '../filter.ts';
import { Geometry, LABEL_PX } from '../geometry.ts';
import type { Model } from '../model.ts';
import type { TimeScale } from '../time-scale.ts';
import { element } from './element.ts';
import { entryAt } from './hit.ts';
import { paint, type Picture } from './painter.ts';
import type { Hatching } from './shapes.ts';
import { sharpContext, type Theme } from './theme.ts';

const WHEEL_ZOOM = 0.0016;
const CLICK_PX = 4;

export interface TimelineActs {
  select(entry: number): void;
  /** The window or what is pointed at has changed. */
  changed(): void;
}

export class Timeline {
  readonly #box = document.getElementById('timeline')!;
  readonly #canvas = document.getElementById('lanes') as HTMLCanvasElement;
  readonly #tip = document.getElementById('tip')!;
  readonly #model: Model;
  readonly #filter: Filter;
  readonly #scale: TimeScale;
  readonly #acts: TimelineActs;
  readonly #fingers = new Map<number, { x: number; y: number }>();
  #picture: Picture | null = null;
  #geometry: Geometry;
  #draggedPx = 0;
  #pointer: { x: number; y: number } | null = null;
  #hovered = -1;

  constructor(model: Model, filter: Filter, scale: TimeScale, acts: TimelineActs) {
    this.#model = model;
    this.#filter = filter;
    this.#scale = scale;
    this.#acts = acts;
    this.#geometry = new Geometry(model, 1);
    this.#resize();
    new ResizeObserver(() => {
      this.#resize();
      acts.changed();
    }).observe(this.#box);
    this.#listen();
  }

  paint(theme: Theme, hatching: Hatching, selected: number): void {
    const pen = sharpContext(this.#canvas, this.#box.clientWidth, this.#box.clientHeight);
    const pointerX = this.#pointer === null || this.#pointer.x < LABEL_PX ? null : this.#pointer.x - LABEL_PX;
    const picture: Picture = {
      model: this.#model,
      filter: this.#filter,
      scale: this.#scale,
      geometry: this.#geometry,
      theme,
      hatching,
      selected,
      hovered: this.#hovered,
      pointerX,
    };
    this.#picture = picture;
    paint(pen, picture);
  }

  /** Scrolls to the lane of a node. */
  revealLane(name: string): void {
    const box = this.#geometry.boxes[this.#model.laneOf.get(name) ?? -1];
    if (box === undefined) return;
    const { faultsTop, faultsHeight, scrollPx, height } = this.#geometry;
    const top = box.top - scrollPx - faultsTop - faultsHeight;
    if (top < 0) this.#geometry.scrollBy(top);
    const below = box.top + box.height - scrollPx - height;
    if (below > 0) this.#geometry.scrollBy(below);
  }

  focus(): void {
    this.#box.focus();
  }

  #resize(): void {
    const { clientWidth, clientHeight } = this.#box;
    this.#scale.widthPx = Math.max(1, clientWidth - LABEL_PX);
    const { scrollPx } = this.#geometry;
    this.#geometry = new Geometry(this.#model, clientHeight);
    this.#geometry.scrollBy(scrollPx);
  }

  // --------------------------------------------------------------------------------------------------------------- pointer

  #listen(): void {
    const box = this.#box;
    box.addEventListener('wheel', (event) => this.#onWheel(event), { passive: false });
    box.addEventListener('pointerdown', (event) => {
      this.#fingers.set(event.pointerId, { x: event.offsetX, y: event.offsetY });
      this.#draggedPx = 0;
      box.setPointerCapture(event.pointerId);
      this.#showTip(-1);
    });
    box.addEventListener('pointermove', (event) => this.#onMove(event));
    box.addEventListener('pointerup', (event) => {
      const isClick = this.#fingers.delete(event.pointerId) && this.#draggedPx < CLICK_PX;
      if (isClick && this.#picture !== null) this.#acts.select(entryAt(event.offsetX, event.offsetY, this.#picture));
    });
    box.addEventListener('pointercancel', (event) => this.#fingers.delete(event.pointerId));
    box.addEventListener('pointerleave', () => {
      this.#pointer = null;
      this.#showTip(-1);
      this.#acts.changed();
    });
    box.addEventListener('dblclick', (event) => {
      this.#scale.zoom(3, event.offsetX - LABEL_PX);
      this.#acts.changed();
    });
  }

  #onWheel(event: WheelEvent): void {
    event.preventDefault();
    const lines = event.deltaMode === 1 ? 24 : 1;
    const [dx, dy] = [event.deltaX * lines, event.deltaY * lines];
    if (event.shiftKey || Math.abs(dx) > Math.abs(dy)) this.#scale.pan(dx === 0 ? dy : dx);
    else if (event.altKey) this.#geometry.scrollBy(dy);
    else this.#scale.zoom(Math.exp(-dy * WHEEL_ZOOM * (event.ctrlKey ? 5 : 1)), event.offsetX - LABEL_PX);
    this.#acts.changed();
  }

  #onMove(event: PointerEvent): void {
    const point = { x: event.offsetX, y: event.offsetY };
    const before = this.#fingers.get(event.pointerId);
    if (before === undefined) {
      this.#pointer = point;
      this.#showTip(this.#picture === null ? -1 : entryAt(point.x, point.y, this.#picture));
    } else {
      this.#draggedPx += Math.abs(point.x - before.x) + Math.abs(point.y - before.y);
      const other = [...this.#fingers].find(([id]) => id !== event.pointerId)?.[1];
      if (other === undefined) {
        this.#scale.pan(before.x - point.x);
        this.#geometry.scrollBy(before.y - point.y);
      } else this.#pinch(before, point, other);
      this.#fingers.set(event.pointerId, point);
      this.#pointer = null;
    }
    this.#acts.changed();
  }

  #pinch(before: { x: number }, after: { x: number }, other: { x: number }): void {
    const factor = (Math.abs(after.x - other.x) + 1) / (Math.abs(before.x - other.x) + 1);
    this.#scale.zoom(factor, (after.x + other.x) / 2 - LABEL_PX);
  }

  #showTip(index: number): void {
    this.#hovered = index;
    this.#box.style.cursor = index >= 0 ? 'pointer' : '';
    const point = this.#pointer;
    this.#tip.hidden = index < 0 || point === null;
    if (index < 0 || point === null) return;
    const entry = this.#model.entries[index]!;
    this.#tip.replaceChildren(element('b', {}, `${(entry.t / 1000).toFixed(3)} s  ${entry.node} `), describe(entry));
    const isRight = point.x > this.#box.clientWidth * 0.6;
    const isLow = point.y > this.#box.clientHeight * 0.75;
    this.#tip.style.left = isRight ? 'auto' : `${point.x + 14}px`;
    this.#tip.style.right = isRight ? `${this.#box.clientWidth - point.x + 10}px` : 'auto';
    this.#tip.style.top = isLow ? 'auto' : `${point.y + 16}px`;
    this.#tip.style.bottom = isLow ? `${this.#box.clientHeight - point.y + 10}px` : 'auto';
  }
}
