/** Fills the legend with what the timeline draws, drawn by the same hand. */
import type { MarkShape } from '../model.ts';
import { element } from './element.ts';
import { arrowHead, barPath, drawMark, type Hatching, type Pen } from './shapes.ts';
import { sharpContext, type Theme } from './theme.ts';

const WIDTH_PX = 44;
const HEIGHT_PX = 20;

type Draw = (pen: Pen, theme: Theme, hatching: Hatching) => void;

const bar =
  (colour: (theme: Theme) => string, alpha: number): Draw =>
  (pen, theme) => {
    barPath(pen, 1, 3, WIDTH_PX - 2, 14);
    pen.globalAlpha = alpha;
    pen.fillStyle = colour(theme);
    pen.fill();
    pen.globalAlpha = 1;
    pen.strokeStyle = colour(theme);
    pen.stroke();
  };

const striped =
  (colour: (theme: Theme) => string): Draw =>
  (pen, theme, hatching) => {
    barPath(pen, 1, 3, WIDTH_PX - 2, 14);
    pen.fillStyle = hatching.of(pen, colour(theme), 0.6);
    pen.fill();
    pen.strokeStyle = colour(theme);
    pen.stroke();
  };

const mark =
  (shape: MarkShape, colour: (theme: Theme) => string): Draw =>
  (pen, theme) =>
    drawMark(pen, shape, WIDTH_PX / 2, HEIGHT_PX / 2, colour(theme));

const arrow =
  (colour: (theme: Theme) => string): Draw =>
  (pen, theme) => {
    pen.strokeStyle = colour(theme);
    pen.lineWidth = 1.3;
    pen.beginPath();
    pen.moveTo(3, 4);
    pen.lineTo(WIDTH_PX - 4, 16);
    arrowHead(pen, 3, 4, WIDTH_PX - 4, 16);
    pen.stroke();
  };

const ROWS: readonly (readonly [text: string, draw: Draw])[] = [
  ['master; one colour is one dataset', bar((theme) => theme.hues[0]!, 1)],
  ['replica of that dataset', bar((theme) => theme.hues[0]!, 0.22)],
  ['sentinel', bar((theme) => theme.sentinel, 0.22)],
  ['sentinel that leads a failover', bar((theme) => theme.violet, 1)],
  ['sentinel in TILT', bar((theme) => theme.warn, 1)],
  ['killed, or without power', striped((theme) => theme.down)],
  ['paused', striped((theme) => theme.warn)],
  ['under a fault', bar((theme) => theme.bad, 0.14)],
  ['operation, acknowledged', bar((theme) => theme.good, 0.85)],
  ['failed, without effect', bar((theme) => theme.ghost, 1)],
  ['nobody knows its outcome', striped((theme) => theme.warn)],
  ['acknowledged, and lost', bar((theme) => theme.bad, 1)],
  ['suspects somebody (sdown, pfail; red: odown, fail)', mark('suspect', (theme) => theme.warn)],
  ['suspects no more', mark('well', (theme) => theme.good)],
  ['votes', mark('vote', (theme) => theme.violet)],
  ['is elected', mark('elected', (theme) => theme.violet)],
  ['is promoted', mark('promoted', (theme) => theme.warn)],
  ['in sync by a snapshot', mark('full-sync', (theme) => theme.accent)],
  ['in sync by the part it missed', mark('partial-sync', (theme) => theme.accent)],
  ['message; violet: about votes', arrow((theme) => theme.message)],
];

export function fillLegend(theme: Theme, hatching: Hatching): void {
  const list = document.getElementById('legend-list')!;
  list.replaceChildren(
    ...ROWS.map(([text, draw]) => {
      const canvas = element('canvas', {});
      draw(sharpContext(canvas, WIDTH_PX, HEIGHT_PX), theme, hatching);
      return element('li', {}, canvas, text);
    }),
  );
}
