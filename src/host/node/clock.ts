/** The machine's two clocks. */
import type { Clock } from '../host.ts';

export class NodeClock implements Clock {
  wallMs(): number {
    return Date.now();
  }

  monotonicUs(): number {
    return performance.now() * 1000;
  }
}
