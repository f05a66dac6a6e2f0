/**
 * Runs a scenario twice and compares the histories. Where they part, both are run once more with the block of events
 * around the first differing checkpoint recorded, and the first differing event is named: usually that is enough to see
 * which call of the ambient world, which iteration order or which module-level variable is behind it.
 */
import { NondeterminismError } from './errors.ts';
import { EVENTS_PER_CHECKPOINT, formatEvent, type TraceEvent } from './trace.ts';
import { World, type WorldOptions } from './world.ts';

/** Boots nodes in `world`, runs it, causes faults. Called several times, with fresh worlds. */
export type Scenario = (world: World) => void;

export interface DeterminismReport {
  readonly traceHash: number;
  readonly tracedEvents: number;
  readonly executedEvents: number;
  readonly virtualMs: number;
}

/** Events before the differing one that the message shows. */
const SHOWN_EVENTS = 5;
const RECORDED_EVENTS_LIMIT = 256 * EVENTS_PER_CHECKPOINT;

/** @throws NondeterminismError when two runs from the same options differ. */
export function checkDeterminism(options: WorldOptions, scenario: Scenario): DeterminismReport {
  const first = runOnce(options, scenario);
  const second = runOnce(options, scenario);
  if (first.traceHash === second.traceHash && first.tracedEvents === second.tracedEvents) {
    return {
      traceHash: first.traceHash,
      tracedEvents: first.tracedEvents,
      executedEvents: first.executedEvents,
      virtualMs: first.nowMs,
    };
  }
  throw new NondeterminismError(
    `two runs of seed ${options.seed} differ: ${describeDifference(options, scenario, first, second)}`,
  );
}

function runOnce(options: WorldOptions, scenario: Scenario): World {
  const world = new World(options);
  scenario(world);
  return world;
}

function describeDifference(options: WorldOptions, scenario: Scenario, first: World, second: World): string {
  let block = 0;
  while (block < first.checkpoints.length && first.checkpoints[block] === second.checkpoints[block]) block++;
  const until = (block + 1) * EVENTS_PER_CHECKPOINT;
  const from = Math.max(0, until - RECORDED_EVENTS_LIMIT);
  const a = record(options, scenario, from, until);
  const b = record(options, scenario, from, until);
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const lineA = a[i] === undefined ? '(nothing more)' : formatEvent(a[i]!);
    const lineB = b[i] === undefined ? '(nothing more)' : formatEvent(b[i]!);
    if (lineA === lineB) continue;
    const before = a.slice(Math.max(0, i - SHOWN_EVENTS), i).map((event) => `    ${formatEvent(event)}`);
    const lines = [`event ${from + i + 1} is the first`, ...before, `  one  ${lineA}`, `  two  ${lineB}`];
    return lines.join('\n');
  }
  return `the first differing event lies among the ${EVENTS_PER_CHECKPOINT} before ${until}, but two more runs agreed there`;
}

function record(options: WorldOptions, scenario: Scenario, from: number, until: number): TraceEvent[] {
  const events: TraceEvent[] = [];
  const world = new World(options);
  world.observe((event) => {
    if (event.number > from && event.number <= until) events.push(event);
  });
  scenario(world);
  return events;
}
