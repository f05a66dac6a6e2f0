/**
 * A simulated node, as the test that torments it sees it: boot, kill, power loss, pause, restart, and the machine below
 * with its disk and clock. Each boot makes a new `Host`; what the old one had started is dead (life.ts).
 */
import type { Clock, Disk, Host, Net, Processes, Random, System, Timers } from '../host/host.ts';
import { SimDisk } from './disk.ts';
import { SimulationError } from './errors.ts';
import { Life } from './life.ts';
import type { Machine } from './machine.ts';
import type { MachineClock } from './machine-clock.ts';
import type { MachineDisk } from './machine-disk.ts';
import { WORKING_DIRECTORY } from './machine-disk.ts';
import { SimNet } from './net.ts';
import type { Network } from './network.ts';
import { type Program, SimPrograms } from './programs.ts';
import type { Scheduler } from './scheduler.ts';
import { hashText, KIND } from './trace.ts';

/** What a node runs. It gets its host and nothing else, and returns once it has set itself up. */
export type Main = (host: Host) => void;

export type ProcessState = 'running' | 'paused' | 'killed' | 'off';

export interface ProcessSetup {
  readonly scheduler: Scheduler;
  readonly network: Network;
  readonly machine: Machine;
  readonly clock: MachineClock;
  readonly disk: MachineDisk;
  readonly random: Random;
  readonly paranoid: boolean;
  readonly environment: Readonly<Record<string, string>>;
  readonly programs: Readonly<Record<string, Program>>;
  readonly netOf: (machine: Machine) => SimNet | undefined;
  readonly onLog: (process: SimProcess, line: string) => void;
  /** Runs `act` under the world's guards. */
  readonly guard: <T>(act: () => T) => T;
}

/** Lines that a node's log keeps; the oldest half goes when there are more. */
const LOG_LINES_LIMIT = 20_000;

export class SimProcess {
  readonly name: string;
  /** IPv4 address of the machine. */
  readonly address: string;
  /** Files and faults of the machine's disk. */
  readonly disk: MachineDisk;
  readonly #setup: ProcessSetup;
  #main: Main;
  #life: Life | null = null;
  #host: Host | null = null;
  #net: SimNet | null = null;
  /** The sockets of the latest life, which the kernel may still be closing after a kill. */
  #kernelNet: SimNet | null = null;
  #simDisk: SimDisk | null = null;
  #boots = 0;
  #log: string[] = [];

  constructor(setup: ProcessSetup, main: Main) {
    this.#setup = setup;
    this.#main = main;
    this.name = setup.machine.name;
    this.address = setup.machine.address;
    this.disk = setup.disk;
  }

  get state(): ProcessState {
    if (!this.#setup.machine.powered) return 'off';
    if (this.#life === null) return 'killed';
    return this.#life.paused ? 'paused' : 'running';
  }

  get alive(): boolean {
    return this.#life !== null;
  }

  /** How often the node has been booted. */
  get boots(): number {
    return this.#boots;
  }

  /** The log lines of all boots. */
  get log(): readonly string[] {
    return this.#log;
  }

  /** Connections of the running process that are not closed, for checks against leaks. */
  get openConnections(): number {
    return this.#net?.openConnections ?? 0;
  }

  /** For the network. */
  get net(): SimNet | null {
    return this.#net;
  }

  // --------------------------------------------------------------------------------------------------- life and death

  /** Boots the node. @param main another program; by default the same as before. */
  start(main: Main = this.#main): void {
    if (this.#life !== null) throw new SimulationError(`${this.name} is running already`);
    this.#main = main;
    const { scheduler, machine, network } = this.#setup;
    if (!machine.powered) {
      machine.powered = true;
      network.pathsChanged();
    }
    this.#boots++;
    this.#note(KIND.boot, this.#boots);
    const life = this.#prepare();
    const run = (): void => main(this.#host!);
    // A test that restarts a node from an observer does so in the midst of another node's event.
    if (scheduler.current === null) this.#setup.guard(() => life.enter(run));
    else scheduler.at(scheduler.nowUs, machine.index, life, run);
  }

  #prepare(): Life {
    const { scheduler, machine, network, clock, disk, paranoid, netOf } = this.#setup;
    const random = this.#setup.random.fork(`boot ${this.#boots}`);
    const monotonicUs = 1_000_000 + random.below(1_000_000_000);
    const life = new Life(scheduler, this.name, machine.index, clock, monotonicUs);
    this.#life = life;
    this.#net = new SimNet(network, life, machine, random.fork('net'), paranoid, netOf);
    this.#kernelNet = this.#net;
    this.#simDisk = new SimDisk(life, disk);
    const system = this.#system(life);
    this.#host = new SimHost(life, {
      net: this.#net,
      disk: this.#simDisk,
      random: random.fork('host'),
      system,
      processes: new SimPrograms(life, system.pid, this.#setup.programs),
      log: (line) => this.#onLog(line),
    });
    return life;
  }

  #system(life: Life): System {
    const { environment, machine } = this.#setup;
    const bootUs = life.scheduler.nowUs;
    return {
      pid: 1000 + machine.index + 7 * this.#boots,
      os: 'Linux 6.1.0 x86_64',
      executable: '/usr/local/bin/redis-server',
      workingDirectory: WORKING_DIRECTORY,
      totalMemoryBytes: () => 8 * 2 ** 30,
      residentBytes: () => 64 * 2 ** 20,
      cpuUs: () => {
        const sinceBootUs = life.scheduler.nowUs - bootUs;
        return { user: Math.floor(sinceBootUs / 100), system: Math.floor(sinceBootUs / 200) };
      },
      timeZoneOffsetMinutes: () => 0,
      environment: (name) => (Object.hasOwn(environment, name) ? environment[name] : undefined),
    };
  }

  /** SIGKILL: the kernel closes its sockets, its files keep what was written. Nothing happens to a dead one. */
  kill(): void {
    const life = this.#life;
    if (life === null) return;
    this.#note(KIND.kill, this.#boots);
    life.die();
    this.#simDisk!.closeByKernel();
    this.#net!.closeByKernel();
    this.#bury();
  }

  /** The machine goes dark: peers hear nothing, and what was not synced is lost, wholly or in part. */
  powerLoss(): void {
    const { machine, disk } = this.#setup;
    if (!machine.powered) return;
    this.#note(KIND.powerLoss, this.#boots);
    machine.powered = false;
    this.#life?.die();
    this.#kernelNet?.vanish();
    this.#bury();
    disk.losePower();
  }

  #bury(): void {
    this.#life = null;
    this.#host = null;
    this.#net = null;
    this.#simDisk = null;
  }

  /** SIGSTOP: no event runs; the kernel goes on answering. */
  pause(): void {
    if (this.#life === null || this.#life.paused) return;
    this.#note(KIND.pause, 0);
    this.#life.pause();
  }

  /** SIGCONT: what came meanwhile is handled now, in order. */
  resume(): void {
    if (this.#life === null || !this.#life.paused) return;
    this.#note(KIND.resume, 0);
    this.#life.resume();
  }

  /** Kills the node if it lives, and boots it anew. */
  restart(main: Main = this.#main): void {
    this.kill();
    this.start(main);
  }

  /** Blocks the event loop for that long, as a slow command or a page fault would. */
  stall(durationMs: number): void {
    this.#note(KIND.fault, Math.round(durationMs));
    this.#life?.spend(Math.round(durationMs * 1000));
  }

  /** How far the clock of a node that blocks is ahead of the world's: for so long it cannot hear anything. */
  get aheadMs(): number {
    return this.#life?.aheadMs ?? 0;
  }

  // ----------------------------------------------------------------------------------------------------------- clocks

  /** Moves the machine's wall clock, forwards or back. */
  jumpClock(byMs: number): void {
    this.#note(KIND.fault, byMs);
    this.#setup.clock.jump(byMs);
  }

  /** Lets both clocks gain (or lose) that many parts per million from now on. Timers that are set stay as they are. */
  setDrift(partsPerMillion: number): void {
    this.#note(KIND.fault, partsPerMillion);
    this.#setup.clock.setDrift(this.#setup.scheduler.nowUs, partsPerMillion);
  }

  // ------------------------------------------------------------------------------------------------------------ entry

  /**
   * Runs `act` as an event of the node, now, and returns its result. The only way for a test to call something that uses
   * the node's host.
   */
  enter<T>(act: (host: Host) => T): T {
    const life = this.#life;
    const host = this.#host;
    if (life === null || host === null) throw new SimulationError(`${this.name} is not running`);
    this.#note(KIND.enter, 0);
    let result: { readonly value: T } | null = null;
    this.#setup.guard(() => {
      life.enter(() => {
        result = { value: act(host) };
      });
    });
    if (result === null) throw new SimulationError(`${this.name} died in the event`);
    return (result as { readonly value: T }).value;
  }

  #onLog(line: string): void {
    this.#note(KIND.log, hashText(line));
    this.#log.push(line);
    if (this.#log.length > LOG_LINES_LIMIT) this.#log = this.#log.slice(LOG_LINES_LIMIT / 2);
    this.#setup.onLog(this, line);
  }

  #note(kind: number, value: number): void {
    this.#setup.scheduler.note(this.#setup.machine.index, kind, 0, value);
  }
}

class SimHost implements Host {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly net: Net;
  readonly disk: Disk;
  readonly random: Random;
  readonly system: System;
  readonly processes: Processes;
  readonly #life: Life;
  readonly #onLog: (line: string) => void;

  constructor(life: Life, { net, disk, random, system, processes, log }: Omit<Host, 'clock' | 'timers'>) {
    this.#life = life;
    this.clock = life;
    this.timers = life;
    this.net = net;
    this.disk = disk;
    this.random = random;
    this.system = system;
    this.processes = processes;
    this.#onLog = log;
  }

  log(line: string): void {
    this.#life.check();
    this.#onLog(line);
  }
}
