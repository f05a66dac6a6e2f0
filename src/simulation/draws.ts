/** Numbers that faults are made of: coarse, so that schedules become small and read well. */
import * as fc from 'fast-check';
import type { Blow } from './schedule.ts';

/** What can strike a node in the midst of what it does. From mild to harsh. */
export const BLOWS: readonly Blow[] = ['pause', 'mute', 'isolate', 'kill', 'power-loss'];

export const gapMs = fc.integer({ min: 0, max: 60 }).map((tenths) => tenths * 100);

/** Long enough to outlast every timeout of an election, at times. */
export const forMs = fc.oneof(
  { withCrossShrink: true },
  { weight: 3, arbitrary: fc.integer({ min: 1, max: 8 }).map((halves) => halves * 500) },
  { weight: 2, arbitrary: fc.integer({ min: 4, max: 30 }).map((seconds) => seconds * 1000) },
);

/** The first nodes are the masters at the start: often it is one of them that is struck. */
export const node = fc.oneof({ weight: 1, arbitrary: fc.constant(0) }, { weight: 2, arbitrary: fc.nat(27) });

/** Which nodes are on one side of a cut. */
export const mask = fc.nat(2 ** 30 - 1);
