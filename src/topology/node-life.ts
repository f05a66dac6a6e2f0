/**
 * One life of a node within this process, from its start to its death: a host around the real one that can be taken away
 * as a process can.
 *
 * - `kill` is SIGKILL: connections are reset, ports are free, and no callback of that life runs any more. What it wrote to
 *   disk stays.
 * - `losePower` ends it without a word: peers hear nothing, neither data nor a reset, until `release`.
 * - `pause` and `resume` are SIGSTOP and SIGCONT. The kernel goes on: connections are accepted, bytes are taken, nobody
 *   answers. Events are held in the order in which they came; a periodic timer is held once.
 *
 * The code of a node needs to know nothing of this. Whatever enters it (bytes, timers, answers of the disk) comes through
 * the `Gate`, and a gate that is shut lets nothing through.
 */
import type { ChildProcess, Disk, Host, ProcessEnd, Processes, Timer, Timers } from '../host/host.ts';
import { Gate } from './gate.ts';
import { LifeDisk, type SyncedSizes } from './life-disk.ts';
import { LifeNet } from './life-net.ts';
import type { Pulse } from './topology-time.ts';

export class NodeLife {
  readonly gate: Gate;
  /** What the node gets as its host. */
  readonly host: Host;
  readonly #timers: LifeTimers;
  readonly #net: LifeNet;
  readonly #disk: LifeDisk;
  readonly #children: LifeChildren;

  /**
   * @param synced is kept by the node from one life to the next: what a loss of power takes away is in it.
   * @param pulse counts what reaches the node.
   */
  constructor(outside: Host, disk: Disk, synced: SyncedSizes, pulse: Pulse) {
    this.gate = new Gate(pulse);
    this.#timers = new LifeTimers(outside.timers, this.gate);
    this.#net = new LifeNet(outside.net, this.gate);
    this.#disk = new LifeDisk(disk, this.gate, synced);
    this.#children = new LifeChildren(outside.processes, this.gate);
    this.host = {
      clock: outside.clock,
      timers: this.#timers,
      net: this.#net,
      disk: this.#disk,
      random: outside.random,
      system: outside.system,
      processes: this.#children,
      log: (line) => outside.log(line),
    };
  }

  pause(): void {
    this.gate.hold();
    this.#net.pause();
  }

  resume(): void {
    this.#net.resume();
    this.gate.open();
  }

  /** `done` when the ports are free. */
  kill(done: () => void): void {
    this.#end();
    this.#net.release(done);
  }

  /** Its connections are silent from now on, until `release`. */
  losePower(): void {
    this.#net.pause();
    this.#end();
  }

  #end(): void {
    this.gate.shut();
    this.#timers.cancelAll();
    this.#disk.closeAll();
    this.#children.killAll();
  }

  /** After a loss of power: peers learn of it. `done` when the ports are free. */
  release(done: () => void): void {
    this.#net.release(done);
  }
}

class LifeTimers implements Timers {
  readonly #outside: Timers;
  readonly #gate: Gate;
  readonly #running = new Set<Timer>();

  constructor(outside: Timers, gate: Gate) {
    this.#outside = outside;
    this.#gate = gate;
  }

  after(delayMs: number, run: () => void): Timer {
    return this.#start((ring) => this.#outside.after(delayMs, ring), run, true);
  }

  every(periodMs: number, run: () => void): Timer {
    return this.#start((ring) => this.#outside.every(periodMs, ring), run, false);
  }

  soon(run: () => void): void {
    if (!this.#gate.isShut) this.#outside.soon(() => this.#gate.run(run));
  }

  sleep(durationMs: number): void {
    this.#outside.sleep(durationMs);
  }

  cancelAll(): void {
    for (const timer of this.#running) timer.cancel();
  }

  #start(begin: (ring: () => void) => Timer, run: () => void, isOnce: boolean): Timer {
    if (this.#gate.isShut) return { cancel: () => {} };
    let isCancelled = false;
    let isHeld = false;
    const event = (): void => {
      isHeld = false;
      if (isCancelled) return;
      if (isOnce) this.#running.delete(timer);
      run();
    };
    const timer = begin(() => {
      if (isHeld) return;
      isHeld = true;
      this.#gate.run(event);
    });
    this.#running.add(timer);
    return {
      cancel: () => {
        isCancelled = true;
        this.#running.delete(timer);
        timer.cancel();
      },
    };
  }
}

/** Programs that the node started. They end with it: nothing of a node is left behind. */
class LifeChildren implements Processes {
  readonly #outside: Processes;
  readonly #gate: Gate;
  readonly #running = new Set<ChildProcess>();

  constructor(outside: Processes, gate: Gate) {
    this.#outside = outside;
    this.#gate = gate;
  }

  isExecutable(path: string): boolean {
    return this.#outside.isExecutable(path);
  }

  start(
    path: string,
    args: readonly string[],
    done: (end: ProcessEnd) => void,
    directory?: string,
  ): ChildProcess | null {
    if (this.#gate.isShut) return null;
    const ended = (end: ProcessEnd): void => {
      if (child !== null) this.#running.delete(child);
      this.#gate.run(() => done(end));
    };
    const child: ChildProcess | null = this.#outside.start(path, args, ended, directory);
    if (child !== null) this.#running.add(child);
    return child;
  }

  killAll(): void {
    for (const child of this.#running) child.kill();
  }
}
