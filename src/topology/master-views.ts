/** Who is the master in the view of each sentinel, as its announcements tell. */
import type { NodeHandle } from './node-handle.ts';
import type { TopologyEventBody } from './topology-events.ts';

export class MasterViews {
  readonly #name: string;
  /** Port of the master by sentinel. */
  readonly #byNode = new Map<string, number>();
  /** Port of the one that was named last. */
  last: number;

  /** @param first the master at the start */
  constructor(name: string, first: NodeHandle) {
    this.#name = name;
    this.last = first.port;
  }

  note(sentinel: string, event: TopologyEventBody): void {
    if (event.type !== 'sentinel') return;
    const words = event.payload.split(' ');
    // "+monitor master <name> <ip> <port> quorum <n>", "+switch-master <name> <old ip> <old port> <ip> <port>"
    const isStart = event.event === '+monitor' && words[1] === this.#name;
    const isSwitch = event.event === '+switch-master' && words[0] === this.#name;
    if (isStart) this.#byNode.set(sentinel, Number(words[3]));
    if (isSwitch) this.#byNode.set(sentinel, Number(words[4]));
  }

  /** The port that most of these sentinels name. */
  elected(sentinels: readonly NodeHandle[]): number {
    const votes = new Map<number, number>();
    for (const { name } of sentinels) {
      const port = this.#byNode.get(name) ?? this.last;
      votes.set(port, (votes.get(port) ?? 0) + 1);
    }
    let most = votes.get(this.last) ?? 0;
    for (const [port, count] of votes) {
      if (count > most) [this.last, most] = [port, count];
    }
    return this.last;
  }
}
