/** The machine's two clocks. */
import type { Clock } from '../host.ts';

/** On `globalThis` it is a getter, which costs as much as the reading itself. */
const { performance } = globalThis;

export class NodeClock implements Clock {
  wallMs(): number {
    return Date.now();
  }

  monotonicUs(): number {
    return performance.now() * 1000;
  }
}
