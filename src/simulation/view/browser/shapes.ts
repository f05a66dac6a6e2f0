/** What the canvas draws more than once: marks, hatching, texts that fit, arrowheads. The legend draws the same. */
import type { MarkShape } from '../model.ts';
import type { Tone } from '../describe.ts';
import type { Theme } from './theme.ts';

export type Pen = CanvasRenderingContext2D;

const MARK_PX = 4;

export function colourOf(tone: Tone, theme: Theme): string {
  switch (tone) {
    case 'plain':
      return theme.text;
    case 'soft':
      return theme.ghost;
    default:
      return theme[tone];
  }
}

export function drawMark(pen: Pen, shape: MarkShape, x: number, y: number, colour: string): void {
  pen.fillStyle = colour;
  pen.strokeStyle = colour;
  pen.lineWidth = 1.5;
  pen.beginPath();
  switch (shape) {
    case 'vote':
      pen.moveTo(x - MARK_PX, y);
      pen.lineTo(x - 1, y + 3);
      pen.lineTo(x + MARK_PX, y - MARK_PX);
      pen.lineWidth = 2;
      pen.stroke();
      return;
    case 'elected':
    case 'promoted':
      star(pen, x, y, shape === 'promoted' ? 6.5 : 5.5);
      pen.fill();
      return;
    case 'suspect':
      pen.moveTo(x, y - MARK_PX - 1);
      pen.lineTo(x + MARK_PX, y + 3);
      pen.lineTo(x - MARK_PX, y + 3);
      pen.closePath();
      pen.fill();
      return;
    case 'well':
      pen.moveTo(x, y + 3);
      pen.lineTo(x + MARK_PX, y - MARK_PX);
      pen.lineTo(x - MARK_PX, y - MARK_PX);
      pen.closePath();
      pen.stroke();
      return;
    case 'full-sync':
      pen.rect(x - 3.5, y - 3.5, 7, 7);
      pen.fill();
      return;
    case 'partial-sync':
      pen.rect(x - 3, y - 3, 6, 6);
      pen.stroke();
      return;
    case 'event':
      pen.arc(x, y, 2.5, 0, 7);
      pen.fill();
      return;
    case 'log':
      pen.fillRect(x - 0.5, y - 3, 1, 6);
  }
}

function star(pen: Pen, x: number, y: number, radius: number): void {
  for (let i = 0; i < 10; i++) {
    const angle = (i * Math.PI) / 5 - Math.PI / 2;
    const reach = i % 2 === 0 ? radius : radius * 0.45;
    const [px, py] = [x + Math.cos(angle) * reach, y + Math.sin(angle) * reach];
    if (i === 0) pen.moveTo(px, py);
    else pen.lineTo(px, py);
  }
  pen.closePath();
}

/** A rounded bar that is never too narrow to be seen. */
export function barPath(pen: Pen, x: number, y: number, width: number, height: number, radius = 4): void {
  pen.beginPath();
  const shown = Math.max(width, 1.5);
  pen.roundRect(x, y, shown, height, Math.min(radius, shown / 2));
}

/** Stripes over what is not running, made once for each colour. */
export class Hatching {
  readonly #made = new Map<string, CanvasPattern | string>();

  of(pen: Pen, colour: string, alpha: number): CanvasPattern | string {
    const key = `${colour} ${alpha}`;
    const made = this.#made.get(key) ?? stripes(pen, colour, alpha);
    this.#made.set(key, made);
    return made;
  }
}

function stripes(pen: Pen, colour: string, alpha: number): CanvasPattern | string {
  const size = 8;
  const tile = document.createElement('canvas');
  tile.width = tile.height = size;
  const brush = tile.getContext('2d')!;
  brush.strokeStyle = colour;
  brush.globalAlpha = alpha;
  brush.lineWidth = 1.6;
  brush.beginPath();
  for (const shift of [-size, 0, size]) {
    brush.moveTo(shift - 1, size + 1);
    brush.lineTo(shift + size + 1, -1);
  }
  brush.stroke();
  return pen.createPattern(tile, 'repeat') ?? colour;
}

/** Draws as much of a text as fits, or nothing. */
export function drawFitting(pen: Pen, text: string, x: number, y: number, maxPx: number): void {
  if (maxPx < 14) return;
  let shown = text;
  while (shown.length > 1 && pen.measureText(shown).width > maxPx) {
    const ratio = maxPx / pen.measureText(shown).width;
    shown = `${shown.replace(/…$/, '').slice(0, Math.max(1, Math.floor((shown.length - 1) * ratio)))}…`;
    if (shown.length <= 3) return;
  }
  pen.fillText(shown, x, y);
}

export function arrowHead(pen: Pen, fromX: number, fromY: number, toX: number, toY: number): void {
  const angle = Math.atan2(toY - fromY, toX - fromX);
  const size = 5.5;
  for (const side of [-0.42, 0.42]) {
    pen.moveTo(toX, toY);
    pen.lineTo(toX - Math.cos(angle + side) * size, toY - Math.sin(angle + side) * size);
  }
}
