/**
 * A sentinel: the state, the machine over it, and the driver that connects both with the world.
 *
 * Everything happens in turns (`enter`): a tick, bytes of a peer, a command of a client. At the end of the outermost turn
 * comes what was noted in it, in this order: the file is written and synced, then the wires send. Whoever calls from
 * outside (the commands) wraps what it does into `enter` and sends its own reply after that; so a vote is on disk before
 * it is told.
 *
 * Where things go (log, subscribers, file, scripts) is up to the ports. `observe` hears every event, for embedders and
 * checkers.
 */
import { randomId } from '../core/ids.ts';
import type { Host, Timer } from '../host/host.ts';
import type { LogLevel } from '../server/log.ts';
import { Names } from './addresses.ts';
import { announce } from './events.ts';
import { startFailover } from './failover.ts';
import { processHello } from './hello.ts';
import type { LinkEvents, Machine, Settings } from './machine.ts';
import { selectReplica } from './select-replica.ts';
import { FLAG, type Instance, type InstanceAddress, SentinelState } from './state.ts';
import { tick } from './tick.ts';
import { type Vote, voteLeader } from './vote.ts';
import { Wire } from './wire.ts';

export interface SentinelPorts {
  readonly host: Host;
  readonly settings: Settings;
  log(level: LogLevel, text: string): void;
  publish(channel: string, payload: string): void;
  /** Writes the state to the file and syncs it. @returns what went wrong, in the C library's words, or null. */
  save(state: SentinelState): string | null;
  /** Puts a script into the queue; the first word is its path. */
  schedule(script: readonly string[]): void;
  /** SENTINEL SIMULATE-FAILURE: ends the process with that code. */
  exit(code: number): void;
}

/** An event as subscribers get it. */
export interface SentinelEvent {
  readonly type: string;
  readonly payload: string;
  /** Unix time in ms. */
  readonly timeMs: number;
}

export type FailoverAnswer = 'started' | 'in-progress' | 'no-good-replica';

/** The timer runs at this frequency, plus up to as much again, drawn after each run. */
const HZ = 10;
const CRASH_CODE = 99;

/** Leaves a turn in the midst of it. */
class SimulatedCrash extends Error {}

export class Sentinel {
  readonly state: SentinelState;
  readonly machine: Machine;
  readonly names: Names;
  /** Called at the end of each turn, when everything is saved and sent: for checkers. */
  afterTurn: (() => void) | null = null;
  readonly #ports: SentinelPorts;
  readonly #observers = new Set<(event: SentinelEvent) => void>();
  readonly #wires = new Set<Wire>();
  readonly #toSend = new Set<Wire>();
  readonly #driver: Driver;
  /** The timer runs that often in a second, plus up to as often again. Changed only for tests in a hurry. */
  hz = HZ;
  #depth = 0;
  #needsSave = false;
  #timer: Timer | null = null;
  #isStopped = false;

  constructor(ports: SentinelPorts) {
    this.#ports = ports;
    this.state = new SentinelState(ports.host.clock.wallMs());
    this.names = new Names(ports.host.net, (run) => this.enter(run));
    this.#driver = new Driver(this, ports);
    this.machine = this.#driver;
  }

  /** Draws an id if there is none, tells what is monitored, and begins to tick. */
  start(): void {
    this.enter(() => {
      this.state.previousTime = this.machine.nowMs;
      if (this.state.myid === '') {
        this.state.myid = randomId(this.machine.random);
        this.flushConfig();
      }
      this.#ports.log('warning', `Sentinel ID is ${this.state.myid}`);
      for (const master of this.state.masters.values()) announceMonitor(this.machine, master);
    });
    this.#tickLater();
  }

  /** Closes every connection. */
  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
    for (const wire of this.#wires) wire.close();
    this.#wires.clear();
    this.#toSend.clear();
  }

  /** Hears every event, in the turn in which it happens. @returns ends that. */
  observe(observer: (event: SentinelEvent) => void): () => void {
    this.#observers.add(observer);
    return () => this.#observers.delete(observer);
  }

  // -------------------------------------------------------------------------------------------------------------- turns

  /** Runs one turn, or a part of the one that is running. */
  enter<T>(run: () => T): T | undefined {
    if (this.#isStopped) return undefined;
    if (this.#depth === 0) this.#driver.nowMs = this.#ports.host.clock.wallMs();
    this.#depth++;
    try {
      return run();
    } catch (error) {
      if (!(error instanceof SimulatedCrash)) throw error;
      this.#crash();
      return undefined;
    } finally {
      if (--this.#depth === 0 && !this.#isStopped) this.#settle();
    }
  }

  /** Save, sync, then send. */
  #settle(): void {
    if (this.#needsSave) this.flushConfig();
    for (const wire of this.#toSend) wire.flush();
    this.#toSend.clear();
    this.afterTurn?.();
  }

  #crash(): void {
    if (this.#needsSave) this.flushConfig();
    this.#ports.log('warning', 'Sentinel CRASH because of SENTINEL simulate-failure');
    this.stop();
    this.#ports.exit(CRASH_CODE);
  }

  #tickLater(): void {
    if (this.#isStopped) return;
    // Sentinels that were started together shall not stay in step: they would all ask for votes at once.
    const hz = this.hz + this.machine.random.below(this.hz);
    this.#timer = this.#ports.host.timers.after(1000 / hz, () => {
      this.tick();
      this.#tickLater();
    });
  }

  tick(): void {
    this.enter(() => tick(this.machine));
  }

  /** Writes the file now. @returns whether that succeeded; if not, the log says why. */
  flushConfig(): boolean {
    this.#needsSave = false;
    const problem = this.#ports.save(this.state);
    if (problem === null) {
      this.#ports.log('notice', 'Sentinel new configuration saved on disk');
      return true;
    }
    const text = `WARNING: Sentinel was not able to save the new configuration on disk!!!: ${problem}`;
    this.#ports.log('warning', text);
    return false;
  }

  // ------------------------------------------------------------------------------------------------------- for commands

  /** IS-MASTER-DOWN-BY-ADDR with an id. */
  vote(master: Instance, epoch: bigint, candidate: string): Vote {
    return voteLeader(this.machine, master, epoch, candidate);
  }

  /** PUBLISH to us. */
  receiveHello(text: string): void {
    this.enter(() => processHello(this.machine, text));
  }

  /** SENTINEL FAILOVER: without an election, whether the master is down or not. */
  failover(master: Instance): FailoverAnswer {
    if (master.has(FLAG.failoverInProgress)) return 'in-progress';
    if (selectReplica(this.machine, master) === null) return 'no-good-replica';
    this.#ports.log('warning', `Executing user requested FAILOVER of '${master.name}'`);
    startFailover(this.machine, master);
    master.flags |= FLAG.forceFailover;
    return 'started';
  }

  // -------------------------------------------------------------------------------------------------------- for the driver

  note(type: string, payload: string): void {
    const event = { type, payload, timeMs: this.machine.nowMs };
    for (const observer of this.#observers) observer(event);
  }

  saveLater(): void {
    this.#needsSave = true;
  }

  sendLater(wire: Wire): void {
    this.#toSend.add(wire);
  }

  closed(wire: Wire): void {
    this.#wires.delete(wire);
    this.#toSend.delete(wire);
  }

  connect(address: InstanceAddress, events: LinkEvents): Wire {
    const wire = new Wire(this, events);
    this.#wires.add(wire);
    const { sourceHost } = this.#ports.settings;
    const target = { kind: 'tcp', host: address.ip, port: address.port } as const;
    wire.open((connectionEvents) =>
      this.#ports.host.net.connect(target, connectionEvents, sourceHost === '' ? {} : { sourceHost }),
    );
    return wire;
  }
}

/** Of each master at the start, and of each that is added later. */
export function announceMonitor(machine: Machine, master: Instance): void {
  announce(machine, '+monitor', master, `quorum ${master.quorum}`);
}

/** The machine's ways out, over the ports. */
class Driver implements Machine {
  readonly #sentinel: Sentinel;
  readonly #ports: SentinelPorts;
  readonly random;
  nowMs: number;

  constructor(sentinel: Sentinel, ports: SentinelPorts) {
    this.#sentinel = sentinel;
    this.#ports = ports;
    this.random = ports.host.random.fork('sentinel');
    this.nowMs = ports.host.clock.wallMs();
  }

  get state(): SentinelState {
    return this.#sentinel.state;
  }

  get names(): Names {
    return this.#sentinel.names;
  }

  get settings(): Settings {
    return this.#ports.settings;
  }

  log(level: LogLevel, text: string): void {
    this.#ports.log(level, text);
  }

  publish(channel: string, payload: string): void {
    this.#ports.publish(channel, payload);
    this.#sentinel.note(channel, payload);
  }

  save(): void {
    this.#sentinel.saveLater();
  }

  schedule(script: readonly string[]): void {
    this.#ports.schedule(script);
  }

  connect(address: InstanceAddress, events: LinkEvents): Wire {
    return this.#sentinel.connect(address, events);
  }

  crash(): never {
    throw new SimulatedCrash();
  }

  timeZoneOffsetMinutes(wallMs: number): number {
    return this.#ports.host.system.timeZoneOffsetMinutes(wallMs);
  }
}
