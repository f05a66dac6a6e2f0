/** Where lanes lie from top to bottom: axis, rows of faults, then one lane for each client, server and sentinel. */
import type { Lane, LaneKind, Model } from './model.ts';

export const LABEL_PX = 128;
export const AXIS_PX = 28;
const FAULT_ROW_PX = 18;
const FAULTS_PAD_PX = 6;
const LANE_PX: Readonly<Record<LaneKind, number>> = { client: 22, server: 42, sentinel: 34 };
const GROUP_GAP_PX = 10;
/** Lanes grow into the room that there is, up to this. */
const STRETCH_MAX = 2;

export interface LaneBox {
  readonly lane: Lane;
  readonly top: number;
  readonly height: number;
  /** Where messages leave and arrive. */
  readonly middle: number;
  readonly barTop: number;
  readonly barHeight: number;
  /** Below the bar, for marks. */
  readonly markY: number;
}

export class Geometry {
  readonly boxes: readonly LaneBox[];
  readonly faultsTop = AXIS_PX;
  readonly faultsHeight: number;
  readonly contentHeight: number;
  readonly height: number;
  /** How far lanes are scrolled. */
  scrollPx = 0;

  constructor(model: Model, height: number) {
    this.height = height;
    this.faultsHeight = model.bandRows * FAULT_ROW_PX + FAULTS_PAD_PX;
    const top = AXIS_PX + this.faultsHeight;
    const gaps = new Set(model.lanes.map(({ kind }) => kind)).size * GROUP_GAP_PX;
    const natural = model.lanes.reduce((sum, { kind }) => sum + LANE_PX[kind], 0);
    const stretch = Math.min(STRETCH_MAX, Math.max(1, (height - top - gaps) / Math.max(1, natural)));
    const boxes: LaneBox[] = [];
    let y = top;
    for (const lane of model.lanes) {
      if (boxes.at(-1)?.lane.kind !== lane.kind) y += GROUP_GAP_PX;
      const box = boxOf(lane, y, LANE_PX[lane.kind] * stretch);
      boxes.push(box);
      y += box.height;
    }
    this.boxes = boxes;
    this.contentHeight = y + GROUP_GAP_PX;
  }

  get scrollMaxPx(): number {
    return Math.max(0, this.contentHeight - this.height);
  }

  scrollBy(px: number): void {
    this.scrollPx = Math.min(Math.max(0, this.scrollPx + px), this.scrollMaxPx);
  }

  /** The lane at a height of the canvas, or null. */
  laneAt(y: number): LaneBox | null {
    if (y < this.faultsTop + this.faultsHeight) return null;
    const at = y + this.scrollPx;
    return this.boxes.find(({ top, height }) => at >= top && at < top + height) ?? null;
  }

  /** The top of a row of faults. */
  faultRowTop(row: number): number {
    return this.faultsTop + FAULTS_PAD_PX / 2 + row * FAULT_ROW_PX;
  }

  get faultRowHeight(): number {
    return FAULT_ROW_PX - 2;
  }
}

function boxOf(lane: Lane, top: number, height: number): LaneBox {
  const barHeight = lane.kind === 'client' ? Math.min(14, height - 8) : lane.kind === 'sentinel' ? 14 : 20;
  const barTop = lane.kind === 'client' ? top + (height - barHeight) / 2 : top + (height - barHeight - 12) / 2;
  return { lane, top, height, barTop, barHeight, middle: barTop + barHeight / 2, markY: barTop + barHeight + 8 };
}
