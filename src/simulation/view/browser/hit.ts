/** What lies under a point of the timeline: the index of the entry behind it, or -1. The smallest thing wins. */
import { LABEL_PX, type LaneBox } from '../geometry.ts';
import { segmentAt } from '../model.ts';
import { arrowLine, type Line, type Picture, visibleArrows } from './painter.ts';

const NEAR_PX = 6;

/** @param canvasX @param y in pixels of the canvas. */
export function entryAt(canvasX: number, y: number, picture: Picture): number {
  const x = canvasX - LABEL_PX;
  const { geometry, scale, model } = picture;
  if (x < 0) return -1;
  for (const check of model.checks) if (y < 30 && Math.abs(scale.xOf(model.entries[check]!.t) - x) < 14) return check;
  const box = geometry.laneAt(y);
  if (box === null) return faultAt(x, y, picture);
  const inLanes = y + geometry.scrollPx;
  const mark = markAt(x, inLanes, box, picture);
  if (mark >= 0) return mark;
  const isOnBar = inLanes >= box.barTop - 1 && inLanes <= box.barTop + box.barHeight + 1;
  if (isOnBar && box.lane.kind === 'client') return opAt(x, box, picture);
  const arrow = arrowAt(x, inLanes, picture);
  if (arrow >= 0) return arrow;
  if (!isOnBar) return -1;
  const timeMs = scale.timeAt(x);
  const { bars } = box.lane;
  const bar = bars.find(({ fromMs, toMs }) => timeMs >= fromMs && timeMs < toMs);
  return bar?.entry ?? segmentAt(box.lane, timeMs)?.entry ?? -1;
}

function faultAt(x: number, y: number, { model, scale, geometry, filter }: Picture): number {
  for (const band of model.bands) {
    const top = geometry.faultRowTop(band.row);
    if (filter.isShown[band.entry] !== 1 || y < top || y > top + geometry.faultRowHeight) continue;
    if (x >= scale.xOf(band.fromMs) - NEAR_PX && x <= scale.xOf(band.toMs) + NEAR_PX) return band.entry;
  }
  return -1;
}

function markAt(x: number, y: number, box: LaneBox, { model, scale, filter }: Picture): number {
  let best = -1;
  let bestPx = NEAR_PX;
  for (const mark of model.marks) {
    if (mark.lane !== box.lane.index || filter.isShown[mark.entry] !== 1) continue;
    const markY = mark.shape === 'promoted' ? box.barTop - 2 : box.markY;
    const px = Math.hypot(scale.xOf(mark.timeMs) - x, markY - y);
    if (px >= bestPx) continue;
    bestPx = px;
    best = mark.entry;
  }
  return best;
}

function opAt(x: number, box: LaneBox, { model, scale, filter }: Picture): number {
  let best = -1;
  let bestPx = 4;
  for (const op of model.ops) {
    if (op.lane !== box.lane.index || (filter.isShown[op.invoke] !== 1 && filter.isShown[op.end] !== 1)) continue;
    const [from, to] = [scale.xOf(op.fromMs), scale.xOf(op.toMs)];
    const px = x < from ? from - x : x > to ? x - to : 0;
    const isBetter = px < bestPx || (px === bestPx && op.lost !== null);
    if (!isBetter) continue;
    bestPx = px;
    best = op.end >= 0 ? op.end : op.invoke;
  }
  return best;
}

function arrowAt(x: number, y: number, { model, scale, geometry, filter }: Picture): number {
  let best = -1;
  let bestPx = 5;
  for (const arrow of visibleArrows(model, filter, scale)) {
    const px = distance(x, y, arrowLine(arrow, scale, geometry));
    if (px >= bestPx) continue;
    bestPx = px;
    best = arrow.entry;
  }
  return best;
}

function distance(x: number, y: number, { x1, y1, x2, y2 }: Line): number {
  const [dx, dy] = [x2 - x1, y2 - y1];
  const length = dx * dx + dy * dy;
  const along = length === 0 ? 0 : Math.min(1, Math.max(0, ((x - x1) * dx + (y - y1) * dy) / length));
  return Math.hypot(x - x1 - along * dx, y - y1 - along * dy);
}
