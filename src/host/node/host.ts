/**
 * The real `Host`: sockets, files, timers and dice of this process. Hosts are cheap and independent of each other; an
 * embedder makes one per server.
 */
import type { Host } from '../host.ts';
import { ManualTime, type ManualTimeOptions } from '../manual-time.ts';
import { NodeClock } from './clock.ts';
import { NodeDisk } from './disk.ts';
import { letHelpersGiveWay } from './helper-threads.ts';
import { NodeNet } from './net.ts';
import { NodeProcesses } from './processes.ts';
import { NodeRandom } from './random.ts';
import { NodeSaveProcess } from './save-process.ts';
import { NodeSystem } from './system.ts';
import { NodeTimers } from './timers.ts';

export interface NodeHostOptions {
  /** Where log lines go; by default nowhere, since an embedded server should not write to its owner's terminal. */
  readonly log?: (line: string) => void;
  /** What relative paths are relative to; by default the process' own directory. */
  readonly workingDirectory?: string;
  /** The process does nothing but serve, so its garbage is the server's to collect, and its threads to put in order. */
  readonly ownsProcess?: boolean;
  /** A process beside this one stands for snapshots; by default there is none. */
  readonly hasSaveProcess?: boolean;
  /** Clock and timers that move only when told, from `createManualTime`; by default the machine's. */
  readonly time?: ManualTime;
}

export function createNodeHost(options: NodeHostOptions = {}): Host {
  if (options.ownsProcess === true) letHelpersGiveWay();
  const system = new NodeSystem(options.workingDirectory, options.ownsProcess);
  const saveProcess = options.hasSaveProcess === true ? new NodeSaveProcess() : undefined;
  return {
    clock: options.time?.clock ?? new NodeClock(),
    timers: options.time?.timers ?? new NodeTimers(),
    net: new NodeNet(),
    disk: new NodeDisk(system.workingDirectory),
    random: new NodeRandom(),
    system,
    processes: new NodeProcesses(system.workingDirectory, options.ownsProcess, saveProcess),
    log: options.log ?? discard,
  };
}

/** A manual clock for real hosts. It starts at the machine's time; hosts that share it stay in step. */
export function createManualTime(options: Partial<ManualTimeOptions> = {}): ManualTime {
  return new ManualTime({ wallMs: Date.now(), scheduleTurn: (run) => void setImmediate(run), ...options });
}

function discard(): void {}
