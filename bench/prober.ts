// The process that feels a server's pulse: `prober.ts PORT PID` sends a PING every millisecond on its own connection
// until its standard input ends, then prints what it saw as one line of JSON.
//
// It sends whether or not earlier PINGs are answered, so a pause of the server delays every PING that falls into it and
// none is left out. It is a process of its own because the loader's bursts would hold up its timer. Where the machine
// holds it up all the same, the gaps between its own ticks tell: `blindMs` is their sum while a PING was on its way.
// `takenMs` is how long the server's core was given to others meanwhile. The longer of the two is not the server's wait
// and comes off; both never do, since they may be the same time.

import net from 'node:net';
import os from 'node:os';
import { openCoreWait, type CoreWait } from './noise.ts';
import { quantile } from './statistics.ts';

const INTERVAL_MS = 1;
const WARM_UP_PROBES = 500;
const WORST_KEPT = 5;
const PONG_BYTES = '+PONG\r\n'.length;

export interface Probe {
  /** When it was sent, in milliseconds since the epoch, fractions included. */
  sentAt: number;
  tripMs: number;
  blindMs: number;
  takenMs: number;
}

export interface ProberReport {
  probes: number;
  /** Of the waits that the server answers for. */
  medianMs: number;
  p999Ms: number;
  /** As timed. */
  longestTripMs: number;
  worst: Probe[];
}

/** The wait that the server answers for. */
export function servedMs(probe: Probe): number {
  return probe.tripMs - Math.max(probe.blindMs, probe.takenMs);
}

export function summarize(probes: readonly Probe[]): ProberReport {
  const served = probes.map(servedMs);
  return {
    probes: probes.length,
    medianMs: quantile(served, 0.5),
    p999Ms: quantile(served, 0.999),
    longestTripMs: quantile(
      probes.map((probe) => probe.tripMs),
      1,
    ),
    worst: probes.toSorted((a, b) => servedMs(b) - servedMs(a)).slice(0, WORST_KEPT),
  };
}

class Prober {
  private readonly waiting: Probe[] = [];
  private readonly done: Probe[] = [];
  private readonly coreWait: CoreWait | null;
  private readonly socket: net.Socket;
  private lastTick = performance.now();
  private replyBytes = 0;

  constructor(port: number, serverPid: number) {
    this.coreWait = openCoreWait(serverPid);
    this.socket = net.connect({ port, host: '127.0.0.1', noDelay: true });
    this.socket.on('data', (chunk) => this.onReply(chunk.length));
  }

  /** Notes on every PING that is on its way for how long this process has not looked. */
  private tick(): number {
    const now = performance.now();
    const gap = now - this.lastTick;
    this.lastTick = now;
    if (gap > 2 * INTERVAL_MS) for (const probe of this.waiting) probe.blindMs += gap - INTERVAL_MS;
    return performance.timeOrigin + now;
  }

  send(): void {
    const sentAt = this.tick();
    this.waiting.push({ sentAt, tripMs: 0, blindMs: 0, takenMs: this.coreWait?.readMs() ?? 0 });
    this.socket.write('*1\r\n$4\r\nPING\r\n');
  }

  private onReply(bytes: number): void {
    const now = this.tick();
    const taken = this.coreWait?.readMs() ?? 0;
    this.replyBytes += bytes;
    for (; this.replyBytes >= PONG_BYTES && this.waiting.length > 0; this.replyBytes -= PONG_BYTES) {
      const probe = this.waiting.shift()!;
      probe.tripMs = now - probe.sentAt;
      probe.takenMs = Math.max(0, taken - probe.takenMs);
      this.done.push(probe);
      if (this.done.length === WARM_UP_PROBES) process.stdout.write('ready\n');
    }
  }

  finish(): ProberReport {
    this.socket.destroy();
    this.coreWait?.close();
    return summarize(this.done.slice(WARM_UP_PROBES));
  }
}

function main(port: number, serverPid: number): void {
  try {
    os.setPriority(-10);
  } catch {
    // Without the right to it, the blind gaps are longer; the report shows them.
  }
  const prober = new Prober(port, serverPid);
  const timer = setInterval(() => prober.send(), INTERVAL_MS);
  process.stdin.resume().once('end', () => {
    clearInterval(timer);
    process.stdout.write(`${JSON.stringify(prober.finish())}\n`);
  });
}

if (process.argv[1] === import.meta.filename) main(Number(process.argv[2]), Number(process.argv[3]));
