/**
 * Draws the timeline: from the back to the front bands of faults, grid, bars of nodes, messages, operations, marks, and what
 * went wrong; over all of that axis and names. Only what the window shows is drawn, and as plainly as its number asks for.
 */
import type { Filter } from '../filter.ts';
import { AXIS_PX, type Geometry, LABEL_PX, type LaneBox } from '../geometry.ts';
import { type Arrow, type Band, firstAbove, type Model, type NodeState, type OpBar, type Segment } from '../model.ts';
import { formatTime, roundStep, type TimeScale } from '../time-scale.ts';
import { arrowHead, barPath, colourOf, drawFitting, drawMark, type Hatching, type Pen } from './shapes.ts';
import type { Theme } from './theme.ts';

/** More arrows than this get no heads and less ink. */
const HEADS_MAX = 1200;
const STRONG_ARROWS_MAX = 4000;

export interface Picture {
  readonly model: Model;
  readonly filter: Filter;
  readonly scale: TimeScale;
  readonly geometry: Geometry;
  readonly theme: Theme;
  readonly hatching: Hatching;
  /** Index of an entry, or -1. */
  readonly selected: number;
  readonly hovered: number;
  /** Where the pointer is, or null. */
  readonly pointerX: number | null;
}

export function paint(pen: Pen, picture: Picture): void {
  const { scale, geometry, theme } = picture;
  const width = LABEL_PX + scale.widthPx;
  pen.clearRect(0, 0, width, geometry.height);
  pen.textBaseline = 'middle';
  const lanesTop = geometry.faultsTop + geometry.faultsHeight;
  pen.save();
  pen.beginPath();
  pen.rect(LABEL_PX, 0, scale.widthPx, geometry.height);
  pen.clip();
  pen.translate(LABEL_PX, 0);
  paintBands(pen, picture, lanesTop);
  paintGrid(pen, picture);
  pen.save();
  pen.beginPath();
  pen.rect(0, lanesTop, scale.widthPx, geometry.height - lanesTop);
  pen.clip();
  pen.translate(0, -geometry.scrollPx);
  paintArrows(pen, picture);
  for (const box of geometry.boxes) paintLane(pen, box, picture);
  paintOps(pen, picture);
  paintMarks(pen, picture);
  pen.restore();
  paintFaultRows(pen, picture);
  paintLines(pen, picture);
  pen.restore();
  paintNames(pen, picture, lanesTop);
  pen.fillStyle = theme.line;
  pen.fillRect(LABEL_PX - 1, 0, 1, geometry.height);
}

/** Names and places of a node's state, as on its bar. */
export function labelOf(state: NodeState): string {
  const words: string[] = [];
  if (state.life === 'killed' || state.life === 'exited') words.push(state.life);
  if (state.life === 'lost-power') words.push('power lost');
  if (state.life === 'paused') words.push('paused');
  if (state.isTilt) words.push('TILT');
  if (state.leads) words.push('leads the failover');
  if (state.role === 'master') words.push('master');
  if (state.role === 'replica') words.push(`of ${state.of ?? 'nobody'}`);
  const epoch = state.role === 'master' ? state.configEpoch : (state.currentEpoch ?? state.configEpoch);
  if (epoch !== null && state.life === 'up') words.push(`epoch ${epoch}`);
  if (state.slots !== null && state.slots !== '' && state.role === 'master') words.push(state.slots);
  return words.join(' · ');
}

// ------------------------------------------------------------------------------------------------------------- background

function paintBands(pen: Pen, { model, scale, geometry, theme }: Picture, lanesTop: number): void {
  for (const band of model.bands) {
    if (band.isMoment || !isInWindow(band.fromMs, band.toMs, scale)) continue;
    const [x, end] = [scale.xOf(band.fromMs), scale.xOf(band.toMs)];
    const width = Math.max(1, end - x);
    pen.fillStyle = `rgb(${isMild(band) ? theme.bandSoft : theme.band} / 9%)`;
    const boxes = band.lanes.map((lane) => geometry.boxes[lane]!);
    if (boxes.length === 0) pen.fillRect(x, lanesTop, width, geometry.height - lanesTop);
    for (const { top, height } of boxes) {
      const y = Math.max(lanesTop, top - geometry.scrollPx);
      const bottom = top - geometry.scrollPx + height;
      if (bottom > y) pen.fillRect(x, y, width, bottom - y);
    }
  }
}

/** Faults that slow things down, beside those that break them. */
function isMild({ kind }: Band): boolean {
  return /^(?:slow|stall|rate|loss|disk-stall|drift|clock-jump|enospc|sync-eio)$/.test(kind);
}

function paintGrid(pen: Pen, { scale, geometry, theme }: Picture): void {
  const ticks = scale.ticks();
  const step = roundStep((scale.spanMs / scale.widthPx) * 110);
  pen.fillStyle = theme.faint;
  for (const tick of ticks) pen.fillRect(Math.round(scale.xOf(tick)), AXIS_PX, 1, geometry.height);
  pen.fillStyle = theme.soft;
  pen.font = `11px ${theme.ui}`;
  for (const tick of ticks) pen.fillText(formatTime(tick, step), Math.round(scale.xOf(tick)) + 4, AXIS_PX / 2);
  pen.fillStyle = theme.line;
  pen.fillRect(0, AXIS_PX - 1, scale.widthPx, 1);
}

// ------------------------------------------------------------------------------------------------------------------ nodes

function paintLane(pen: Pen, box: LaneBox, picture: Picture): void {
  const { scale, theme } = picture;
  pen.fillStyle = theme.faint;
  pen.fillRect(0, box.top + box.height, scale.widthPx, 1);
  const { bars } = box.lane;
  const first = Math.max(
    0,
    firstAbove(bars.length, (i) => bars[i]!.toMs >= scale.fromMs),
  );
  let paintedTo = -Infinity;
  for (let i = first; i < bars.length && bars[i]!.fromMs <= scale.toMs; i++) {
    const bar = bars[i]!;
    // What is narrower than a pixel and lies where something is already, cannot be seen.
    const end = scale.xOf(bar.toMs);
    if (end - paintedTo < 0.5 && i < bars.length - 1) continue;
    paintBar(pen, bar, box, picture);
    paintedTo = end;
  }
}

function paintBar(pen: Pen, { fromMs, toMs, state }: Segment, box: LaneBox, { scale, theme, hatching }: Picture): void {
  if (state.life === 'unknown' || box.lane.kind === 'client') return;
  const x = Math.max(scale.xOf(fromMs), -8);
  const width = Math.min(scale.xOf(toMs), scale.widthPx + 8) - x;
  const { barTop, barHeight } = box;
  const hue = state.hue === null ? theme.sentinel : theme.hues[state.hue % theme.hues.length]!;
  const isUp = state.life === 'up';
  const isStrong = isUp && (state.role === 'master' || state.leads || state.isTilt);
  const colour = state.isTilt ? theme.warn : state.leads ? theme.violet : hue;
  barPath(pen, x + 0.5, barTop, width - 1, barHeight);
  if (isUp || state.life === 'paused') {
    pen.globalAlpha = isStrong ? 1 : state.life === 'paused' ? 0.12 : 0.22;
    pen.fillStyle = colour;
    pen.fill();
    pen.globalAlpha = 1;
  }
  if (!isUp) {
    const isPaused = state.life === 'paused';
    pen.fillStyle = hatching.of(pen, isPaused ? theme.warn : theme.down, isPaused ? 0.55 : 0.45);
    pen.fill();
  }
  if (!isStrong) {
    pen.globalAlpha = isUp ? 0.55 : 0.8;
    pen.strokeStyle = isUp ? colour : state.life === 'paused' ? theme.warn : theme.down;
    pen.lineWidth = 1;
    pen.stroke();
    pen.globalAlpha = 1;
  }
  if (width < 26) return;
  pen.font = `${isStrong ? 600 : 500} ${box.lane.kind === 'sentinel' ? 10 : 11}px ${theme.ui}`;
  const left = Math.max(x, 0) + 7;
  const label = labelOf(state);
  if (!isUp) paintPlate(pen, label, left, box, x + width - left, theme);
  pen.fillStyle = isStrong ? theme.onBar : isUp ? theme.text : theme.soft;
  drawFitting(pen, label, left, barTop + barHeight / 2 + 0.5, x + width - left - 6);
}

/** Clears the stripes from under a text. */
function paintPlate(pen: Pen, text: string, x: number, box: LaneBox, maxPx: number, theme: Theme): void {
  const width = Math.min(pen.measureText(text).width + 8, maxPx);
  if (width < 14) return;
  pen.fillStyle = theme.panel;
  pen.fillRect(x - 4, box.barTop + 2, width, box.barHeight - 4);
}

// --------------------------------------------------------------------------------------------------------------- messages

function paintArrows(pen: Pen, { model, filter, scale, geometry, theme }: Picture): void {
  const visible = visibleArrows(model, filter, scale);
  const hasHeads = visible.length <= HEADS_MAX;
  const ink = hasHeads ? 1 : visible.length <= STRONG_ARROWS_MAX ? 0.45 : 0.16;
  const kinds = [
    { weight: 'routine', colour: theme.routine, alpha: ink * 0.9, width: 1 },
    { weight: 'plain', colour: theme.message, alpha: ink * 0.8, width: 1 },
    { weight: 'vote', colour: theme.violet, alpha: Math.max(ink, 0.6), width: 1.4 },
  ] as const;
  for (const { weight, colour, alpha, width } of kinds) {
    const arrows = visible.filter((arrow) => arrow.weight === weight);
    pen.strokeStyle = colour;
    pen.globalAlpha = alpha;
    pen.lineWidth = width;
    pen.beginPath();
    for (const arrow of arrows) {
      const { x1, y1, x2, y2 } = arrowLine(arrow, scale, geometry);
      pen.moveTo(x1, y1);
      pen.lineTo(x2, y2);
      if (hasHeads) arrowHead(pen, x1, y1, x2, y2);
    }
    pen.stroke();
  }
  pen.globalAlpha = 1;
}

export function visibleArrows({ arrows, longestFlightMs }: Model, filter: Filter, scale: TimeScale): Arrow[] {
  const found: Arrow[] = [];
  const first = firstAbove(arrows.length, (i) => arrows[i]!.timeMs >= scale.fromMs);
  for (let i = first; i < arrows.length; i++) {
    const arrow = arrows[i]!;
    if (arrow.timeMs - longestFlightMs > scale.toMs) break;
    if (arrow.sentMs <= scale.toMs && filter.isShown[arrow.entry] === 1) found.push(arrow);
  }
  return found;
}

export interface Line {
  readonly x1: number;
  readonly y1: number;
  readonly x2: number;
  readonly y2: number;
}

export function arrowLine({ from, to, sentMs, timeMs }: Arrow, scale: TimeScale, { boxes }: Geometry): Line {
  const isDown = to > from;
  const edge = (box: LaneBox, atBottom: boolean): number => (atBottom ? box.barTop + box.barHeight : box.barTop);
  return {
    x1: scale.xOf(sentMs),
    y1: edge(boxes[from]!, isDown),
    x2: scale.xOf(timeMs),
    y2: edge(boxes[to]!, !isDown),
  };
}

// ------------------------------------------------------------------------------------------------------------- operations

function paintOps(pen: Pen, picture: Picture): void {
  const { model, filter, scale, geometry } = picture;
  const last = new Map<number, number>();
  for (const op of model.ops) {
    if (!isInWindow(op.fromMs, op.toMs, scale)) continue;
    if (filter.isShown[op.invoke] !== 1 && filter.isShown[op.end] !== 1) continue;
    const end = scale.xOf(op.toMs);
    const isQuiet = op.outcome === 'ok' && op.lost === null;
    if (isQuiet && end - (last.get(op.lane) ?? -Infinity) < 0.75) continue;
    last.set(op.lane, end);
    paintOp(pen, op, geometry.boxes[op.lane]!, picture);
  }
}

function paintOp(pen: Pen, op: OpBar, box: LaneBox, { scale, theme, model, hatching }: Picture): void {
  const x = scale.xOf(op.fromMs);
  const width = Math.max(2, scale.xOf(op.toMs) - x);
  const colour = opColour(op, theme);
  const isUnsure = op.outcome === 'info' || op.outcome === 'open';
  barPath(pen, x, box.barTop, width, box.barHeight, 3);
  pen.fillStyle = isUnsure ? hatching.of(pen, colour, 0.8) : colour;
  pen.globalAlpha = op.lost !== null || op.outcome === 'fail' ? 1 : op.isWrite ? 0.85 : 0.4;
  pen.fill();
  pen.globalAlpha = 1;
  if (isUnsure) {
    pen.strokeStyle = colour;
    pen.lineWidth = 1;
    pen.stroke();
  }
  if (op.lost !== null) paintLost(pen, x + width / 2, box, theme);
  if (width < 30) return;
  pen.font = `500 10px ${theme.ui}`;
  const entry = model.entries[op.invoke]!;
  if (entry.kind !== 'op') return;
  const text = entry.words.join(' ');
  const left = Math.max(x, 0) + 5;
  const room = x + width - left - 3;
  if (isUnsure) paintPlate(pen, text, left, box, room, theme);
  pen.fillStyle = isUnsure ? theme.text : theme.onBar;
  drawFitting(pen, text, left, box.middle + 0.5, room);
}

export function opColour({ outcome, lost }: Pick<OpBar, 'outcome' | 'lost'>, theme: Theme): string {
  if (lost !== null) return theme.bad;
  if (outcome === 'ok') return theme.good;
  return outcome === 'fail' ? theme.ghost : theme.warn;
}

/** A cross over what was acknowledged and is gone. */
function paintLost(pen: Pen, x: number, { barTop, barHeight }: LaneBox, theme: Theme): void {
  pen.strokeStyle = theme.bad;
  pen.lineWidth = 2;
  pen.beginPath();
  for (const side of [-1, 1]) {
    pen.moveTo(x - 3.5 * side, barTop - 3);
    pen.lineTo(x + 3.5 * side, barTop + 4);
  }
  pen.stroke();
  pen.fillStyle = theme.bad;
  pen.fillRect(x - 0.75, barTop + 4, 1.5, barHeight - 4);
}

// ------------------------------------------------------------------------------------------------------------------ marks

function paintMarks(pen: Pen, { model, filter, scale, geometry, theme }: Picture): void {
  const { marks } = model;
  const drawn = new Set<string>();
  const marginMs = (8 / scale.widthPx) * scale.spanMs;
  const first = firstAbove(marks.length, (i) => marks[i]!.timeMs >= scale.fromMs - marginMs);
  for (let i = first; i < marks.length && marks[i]!.timeMs <= scale.toMs + marginMs; i++) {
    const mark = marks[i]!;
    if (filter.isShown[mark.entry] !== 1) continue;
    const x = scale.xOf(mark.timeMs);
    const place = `${mark.lane} ${mark.shape} ${mark.tone} ${Math.round(x / 3)}`;
    if (drawn.has(place)) continue;
    drawn.add(place);
    const box = geometry.boxes[mark.lane]!;
    const y = mark.shape === 'promoted' ? box.barTop - 2 : box.markY;
    const colour = mark.shape === 'event' || mark.shape === 'log' ? theme.ghost : colourOf(mark.tone, theme);
    const own = mark.shape.endsWith('-sync') ? theme.accent : mark.shape === 'promoted' ? theme.warn : colour;
    drawMark(pen, mark.shape, x, y, mark.shape === 'elected' ? theme.violet : own);
  }
}

// ------------------------------------------------------------------------------------------------------- over everything

function paintFaultRows(pen: Pen, { model, filter, scale, geometry, theme }: Picture): void {
  pen.font = `500 10.5px ${theme.ui}`;
  for (const band of model.bands) {
    if (!isInWindow(band.fromMs, band.toMs, scale) || filter.isShown[band.entry] !== 1) continue;
    const y = geometry.faultRowTop(band.row);
    const colour = isMild(band) ? theme.warn : theme.bad;
    const x = Math.max(scale.xOf(band.fromMs), -4);
    pen.fillStyle = colour;
    if (band.isMoment) {
      pen.beginPath();
      pen.arc(scale.xOf(band.fromMs), y + geometry.faultRowHeight / 2, 3.5, 0, 7);
      pen.fill();
      continue;
    }
    const width = Math.min(scale.xOf(band.toMs), scale.widthPx + 4) - x;
    pen.globalAlpha = 0.18;
    barPath(pen, x, y, width, geometry.faultRowHeight, 3);
    pen.fill();
    pen.globalAlpha = 1;
    pen.fillRect(x, y, 2, geometry.faultRowHeight);
    pen.fillStyle = theme.text;
    drawFitting(
      pen,
      band.text,
      Math.max(x, 0) + 7,
      y + geometry.faultRowHeight / 2 + 0.5,
      x + width - Math.max(x, 0) - 10,
    );
  }
}

function paintLines(pen: Pen, picture: Picture): void {
  const { model, scale, geometry, theme, selected, hovered, pointerX } = picture;
  for (const check of model.checks) {
    const x = scale.xOf(model.entries[check]!.t);
    pen.fillStyle = theme.bad;
    pen.fillRect(x - 1, AXIS_PX - 8, 2, geometry.height);
    const entry = model.entries[check]!;
    if (entry.kind === 'check') paintFlag(pen, entry.checker, x, theme.bad, picture);
  }
  if (pointerX !== null) {
    pen.fillStyle = theme.ghost;
    pen.fillRect(Math.round(pointerX), AXIS_PX, 1, geometry.height);
    paintFlag(pen, formatTime(scale.timeAt(pointerX), scale.spanMs / scale.widthPx), pointerX, theme.soft, picture);
  }
  for (const [index, colour] of [
    [hovered, theme.ghost],
    [selected, theme.accent],
  ] as const) {
    if (index < 0) continue;
    paintFocus(pen, index, colour, picture);
  }
}

function paintFlag(pen: Pen, text: string, x: number, colour: string, { scale, theme }: Picture): void {
  pen.font = `600 10.5px ${theme.ui}`;
  const width = pen.measureText(text).width + 10;
  const left = Math.min(Math.max(0, x - width / 2), scale.widthPx - width);
  barPath(pen, left, 5, width, 17, 4);
  pen.fillStyle = colour;
  pen.fill();
  pen.fillStyle = theme.panel;
  pen.fillText(text, left + 5, 14);
}

/** A line at the moment of an entry, and its message or operation once more, stronger. */
function paintFocus(pen: Pen, index: number, colour: string, { model, scale, geometry }: Picture): void {
  const entry = model.entries[index]!;
  const x = scale.xOf(entry.t);
  pen.globalAlpha = 0.5;
  pen.fillStyle = colour;
  pen.fillRect(x - 0.5, AXIS_PX, 1.5, geometry.height);
  pen.globalAlpha = 1;
  pen.strokeStyle = colour;
  pen.lineWidth = 2.2;
  pen.save();
  pen.translate(0, -geometry.scrollPx);
  pen.beginPath();
  if (entry.kind === 'message') {
    const [from, to] = [model.laneOf.get(entry.from), model.laneOf.get(entry.to)];
    if (from !== undefined && to !== undefined) {
      const arrow = { from, to, sentMs: entry.sentAt, timeMs: entry.t, weight: 'plain' as const, entry: index };
      const { x1, y1, x2, y2 } = arrowLine(arrow, scale, geometry);
      pen.moveTo(x1, y1);
      pen.lineTo(x2, y2);
      arrowHead(pen, x1, y1, x2, y2);
    }
  } else {
    const box = geometry.boxes[model.laneOf.get(entry.node) ?? -1];
    if (box !== undefined) pen.arc(x, box.middle, box.barHeight / 2 + 3, 0, 7);
  }
  pen.stroke();
  pen.restore();
}

function paintNames(pen: Pen, { model, geometry, theme, selected }: Picture, lanesTop: number): void {
  pen.fillStyle = theme.panel;
  pen.fillRect(0, 0, LABEL_PX - 1, geometry.height);
  pen.font = `600 11px ${theme.ui}`;
  pen.fillStyle = theme.soft;
  if (model.bands.length > 0) pen.fillText('faults', 16, geometry.faultRowTop(0) + geometry.faultRowHeight / 2);
  pen.save();
  pen.beginPath();
  pen.rect(0, lanesTop, LABEL_PX, geometry.height);
  pen.clip();
  pen.translate(0, -geometry.scrollPx);
  const node = selected < 0 ? null : model.entries[selected]!.node;
  for (const { lane, middle, top, height } of geometry.boxes) {
    pen.fillStyle = theme.faint;
    pen.fillRect(0, top + height, LABEL_PX, 1);
    pen.fillStyle = lane.name === node ? theme.accent : lane.kind === 'client' ? theme.soft : theme.text;
    pen.font = `${lane.kind === 'client' ? 450 : 600} 12px ${theme.ui}`;
    drawFitting(pen, lane.name, 16, middle + 0.5, LABEL_PX - 24);
  }
  pen.restore();
}

function isInWindow(fromMs: number, toMs: number, scale: TimeScale): boolean {
  return toMs >= scale.fromMs && fromMs <= scale.toMs;
}
