/**
 * What DEBUG can switch, and its subcommands by name. Subsystems read the switches that concern them, and add the
 * subcommands that are about them with `provide`: persistence its RELOAD, the cluster its CLUSTERLINK.
 */
import type { Call } from '../call.ts';
import type { Crash } from './crash-report.ts';

/** By which a process ends that cannot go on. */
export type CrashSignal = 'SIGSEGV' | 'SIGABRT';

export interface DebugCommand {
  /** Numbers of arguments, DEBUG and the subcommand included. */
  readonly min: number;
  readonly max: number;
  run(c: Call): void;
}

/** Elements of a list from this size on are not packed together with others. */
export const PACKED_THRESHOLD_BYTES = 1 << 30;

export class Debugging {
  /** Keys whose time has passed are removed also when nobody asks for them. */
  activeExpiry = true;
  /** Checksums of snapshots and of RESTORE's payloads are not looked at. */
  skipsChecksums = false;
  /** Scripts may call commands flagged `noscript`. */
  scriptsMayCallAll = false;
  packedThresholdBytes = PACKED_THRESHOLD_BYTES;
  /** The AOF waits so long before each write. */
  aofFlushSleepUs = 0;
  /** Where the process is the server's own: reports a crash (see crash-report.ts) and ends the process by the signal. */
  crash: ((crash: Crash, signal: CrashSignal) => void) | null = null;
  readonly #commands = new Map<string, DebugCommand>();

  /** Adds a subcommand, or replaces one. @param name in small letters. */
  provide(name: string, command: DebugCommand): void {
    this.#commands.set(name, command);
  }

  find(name: string): DebugCommand | null {
    return this.#commands.get(name) ?? null;
  }
}
