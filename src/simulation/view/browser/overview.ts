/** The whole run in one strip, and the window of it that the timeline shows. Press and drag to choose another one. */
import type { Model } from '../model.ts';
import type { TimeScale } from '../time-scale.ts';
import { LABEL_PX } from '../geometry.ts';
import { sharpContext, type Theme } from './theme.ts';

const HEIGHT_PX = 44;
const FAULTS_PX = 12;

export class Overview {
  readonly #canvas: HTMLCanvasElement;
  readonly #model: Model;
  readonly #scale: TimeScale;
  #pressedX: number | null = null;
  #widthPx = 1;

  constructor(canvas: HTMLCanvasElement, model: Model, scale: TimeScale, changed: () => void) {
    this.#canvas = canvas;
    this.#model = model;
    this.#scale = scale;
    canvas.addEventListener('pointerdown', (event) => {
      this.#pressedX = event.offsetX;
      canvas.setPointerCapture(event.pointerId);
      this.#moveTo(event.offsetX);
      changed();
    });
    canvas.addEventListener('pointermove', (event) => {
      if (this.#pressedX === null) return;
      if (Math.abs(event.offsetX - this.#pressedX) > 4) this.#select(this.#pressedX, event.offsetX);
      changed();
    });
    canvas.addEventListener('pointerup', () => (this.#pressedX = null));
  }

  #timeAt(x: number): number {
    const share = (x - LABEL_PX) / Math.max(1, this.#widthPx - LABEL_PX - 12);
    return Math.min(1, Math.max(0, share)) * this.#scale.endMs;
  }

  #xOf(timeMs: number): number {
    return LABEL_PX + (timeMs / this.#scale.endMs) * (this.#widthPx - LABEL_PX - 12);
  }

  #moveTo(x: number): void {
    const half = this.#scale.spanMs / 2;
    const middle = this.#timeAt(x);
    this.#scale.show(middle - half, middle + half);
  }

  #select(one: number, other: number): void {
    this.#scale.show(this.#timeAt(Math.min(one, other)), this.#timeAt(Math.max(one, other)));
  }

  paint(theme: Theme): void {
    this.#widthPx = this.#canvas.clientWidth;
    const pen = sharpContext(this.#canvas, this.#widthPx, HEIGHT_PX);
    pen.clearRect(0, 0, this.#widthPx, HEIGHT_PX);
    pen.font = `600 11px ${theme.ui}`;
    pen.textBaseline = 'middle';
    pen.fillStyle = theme.soft;
    pen.fillText('whole run', 16, HEIGHT_PX / 2);
    this.#paintActivity(pen, theme);
    for (const { fromMs, toMs, row, isMoment } of this.#model.bands) {
      pen.fillStyle = theme.bad;
      pen.globalAlpha = 0.55;
      const x = this.#xOf(fromMs);
      pen.fillRect(x, 3 + row * 3, isMoment ? 2 : Math.max(1.5, this.#xOf(toMs) - x), 2);
    }
    pen.globalAlpha = 1;
    pen.fillStyle = theme.bad;
    for (const check of this.#model.checks) pen.fillRect(this.#xOf(this.#model.entries[check]!.t) - 1, 0, 2, HEIGHT_PX);
    this.#paintWindow(pen, theme);
  }

  /** How much clients got done, and what failed or was lost. */
  #paintActivity(pen: CanvasRenderingContext2D, theme: Theme): void {
    const columns = Math.max(1, Math.floor((this.#widthPx - LABEL_PX - 12) / 3));
    const good = new Float64Array(columns);
    const bad = new Float64Array(columns);
    const hasOps = this.#model.ops.length > 0;
    const columnOf = (timeMs: number): number =>
      Math.min(columns - 1, Math.floor((timeMs / this.#scale.endMs) * columns));
    if (hasOps) {
      for (const op of this.#model.ops) {
        const into = op.outcome === 'ok' && op.lost === null ? good : bad;
        into[columnOf(op.toMs)]! += 1;
      }
    } else for (const { t } of this.#model.entries) good[columnOf(t)]! += 1;
    let most = 1;
    for (let i = 0; i < columns; i++) most = Math.max(most, good[i]! + bad[i]!);
    const room = HEIGHT_PX - FAULTS_PX - 5;
    for (let i = 0; i < columns; i++) {
      const x = LABEL_PX + i * 3;
      // By square roots, so that one burst does not make all else invisible.
      const height = Math.sqrt((good[i]! + bad[i]!) / most) * room;
      const down = height * (bad[i]! / Math.max(1, good[i]! + bad[i]!));
      const up = height - down;
      pen.fillStyle = hasOps ? theme.good : theme.ghost;
      pen.globalAlpha = 0.6;
      pen.fillRect(x, HEIGHT_PX - 3 - up, 2, up);
      pen.fillStyle = theme.bad;
      pen.globalAlpha = 0.9;
      if (down > 0) pen.fillRect(x, HEIGHT_PX - 3 - up - Math.max(1, down), 2, Math.max(1, down));
    }
    pen.globalAlpha = 1;
  }

  #paintWindow(pen: CanvasRenderingContext2D, theme: Theme): void {
    const from = this.#xOf(Math.max(0, this.#scale.fromMs));
    const to = this.#xOf(Math.min(this.#scale.endMs, this.#scale.toMs));
    pen.fillStyle = theme.panel;
    pen.globalAlpha = 0.6;
    pen.fillRect(LABEL_PX, 0, from - LABEL_PX, HEIGHT_PX);
    pen.fillRect(to, 0, this.#widthPx - to, HEIGHT_PX);
    pen.globalAlpha = 1;
    pen.strokeStyle = theme.accent;
    pen.lineWidth = 1.5;
    pen.beginPath();
    pen.roundRect(from, 1, Math.max(3, to - from), HEIGHT_PX - 2, 4);
    pen.stroke();
  }
}
