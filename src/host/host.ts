/**
 * The ports of a node: everything a node can see of the outside world.
 *
 * A node gets one `Host` and touches nothing else. Two implementations exist: `src/host/node` (real sockets, files,
 * timers and dice) and `src/sim` (virtual time, a simulated network and disk, seeded randomness). Both pass the same
 * conformance suite, `test/host`.
 *
 * The ports are synchronous or callback-driven; there is no promise in them. A callback that belongs to a killed
 * simulated node is simply never called, and the simulator never has to wait for microtasks to settle.
 *
 * Rules of ownership, which the simulator's paranoid mode enforces:
 * - `ConnectionEvents.data(chunk)`: the receiver may read `chunk` until it returns. To keep bytes, it copies them;
 *   the host reuses the memory for the next read.
 * - `Connection.write(bytes)`: `true` means that the bytes have been taken and the caller may reuse the array at
 *   once; `false` means that the connection keeps the array and the caller must never touch it again.
 */
import type { Random } from '../core/random.ts';
import type { SaveProcess } from './save-process.ts';

export interface Host {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly net: Net;
  readonly disk: Disk;
  readonly random: Random;
  readonly system: System;
  readonly processes: Processes;
  /** Takes one finished line of the node's log, without a line end. */
  log(line: string): void;
}

/** Two clocks. The wall clock may jump; the monotonic one never goes back and starts anywhere. */
export interface Clock {
  /** Unix time in milliseconds, an integer. */
  wallMs(): number;
  /** Elapsed time in microseconds since an arbitrary start, possibly with a fraction. */
  monotonicUs(): number;
}

export interface Timers {
  /** Calls `run` once, no earlier than `delayMs` from now. */
  after(delayMs: number, run: () => void): Timer;
  /** Calls `run` every `periodMs`. Calls that were missed (a paused node, a busy loop) are not made up for. */
  every(periodMs: number, run: () => void): Timer;
  /** Calls `run` after the current event, before any timer: "at the end of this turn". */
  soon(run: () => void): void;
  /**
   * Holds up the node and everything else in its process for a time (DEBUG SLEEP). Returns at once where time only
   * passes when told: there, a test pauses the node or moves the clock.
   */
  sleep(durationMs: number): void;
}

export interface Timer {
  /** Idempotent. After it returns, `run` is not called again. */
  cancel(): void;
}

export type { Random };

/** What a node reports about the machine that it runs on. Deterministic under simulation. */
export interface System {
  readonly pid: number;
  /** Text of INFO `os`, as `uname` gives it: "Linux 6.1.0 x86_64". */
  readonly os: string;
  /** INFO `executable`: absolute path of the program, or ''. */
  readonly executable: string;
  readonly workingDirectory: string;
  totalMemoryBytes(): number;
  residentBytes(): number;
  /** CPU time that the process has used, in microseconds. */
  cpuUs(): { user: number; system: number };
  /** Offset of local time from UTC at a moment, in minutes, east positive: for log lines. */
  timeZoneOffsetMinutes(wallMs: number): number;
  /**
   * Gives back to the machine what the process does not use any more; takes milliseconds. Absent where the process
   * belongs to somebody else, or where there is nothing to give.
   */
  releaseMemory?(): void;
  /** An environment variable (supervised modes read NOTIFY_SOCKET), or undefined. */
  environment(name: string): string | undefined;
}

// ---------------------------------------------------------------------------------------------------------- processes

/** Programs that a node starts: the scripts of a sentinel. They get its environment and nothing on standard input. */
export interface Processes {
  /** Whether there is a program at `path` that this process may execute. */
  isExecutable(path: string): boolean;
  /**
   * Starts a program. `done` is called once, not before this returns.
   * @param directory where it finds itself; by default the working directory.
   * @returns null if no process can be made; `done` is not called then.
   */
  start(
    path: string,
    args: readonly string[],
    done: (end: ProcessEnd) => void,
    directory?: string,
  ): ChildProcess | null;
  /** The process that stands for this node's snapshots, where there can be one. */
  readonly saveProcess?: SaveProcess;
}

export interface ChildProcess {
  readonly pid: number;
  /** SIGKILL. Nothing happens if it has ended. */
  kill(): void;
}

/** How a program ended: by itself with a status, or by a signal. What cannot be executed ends with status 2. */
export interface ProcessEnd {
  readonly exitCode: number;
  /** Number of the signal, or 0. */
  readonly signal: number;
}

// ---------------------------------------------------------------------------------------------------------------- net

export type Address =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string };

export type NetErrorCode =
  | 'ECONNREFUSED'
  | 'ECONNRESET'
  | 'EPIPE'
  | 'ETIMEDOUT'
  | 'EHOSTUNREACH'
  | 'ENOTFOUND'
  | 'EADDRINUSE'
  | 'EADDRNOTAVAIL'
  | 'EAFNOSUPPORT'
  | 'EACCES'
  | 'ENOENT'
  | 'EUNKNOWN';

export interface NetError {
  readonly code: NetErrorCode;
  /** The C library's text, as Redis logs it: "Connection refused". */
  readonly message: string;
}

export interface Net {
  /**
   * Binds and listens. `done` is called once, later or before this returns. `accept` is called for each new connection
   * and returns its events. Port 0 picks a free one; the listener's `address` tells which.
   */
  listen(
    options: ListenOptions,
    accept: Accept,
    done: (error: NetError | null, listener: Listener | null) => void,
  ): void;
  /**
   * Returns at once with a connection that is still opening; `events.open` or `events.close(error)` follows, never
   * before this returns. Bytes written while opening are queued.
   */
  connect(address: Address, events: ConnectionEvents, options?: ConnectOptions): Connection;
  /** Name to addresses, literals included. `done` is called once, with at least one address or an error. */
  resolve(name: string, done: (error: NetError | null, addresses: string[]) => void): void;
}

export type Accept = (connection: Connection) => ConnectionEvents;

export interface ListenOptions {
  readonly address: Address;
  readonly backlog?: number;
  /** Permission bits of a unix socket; 0 or absent leaves them to the umask. */
  readonly unixPermissions?: number;
}

export interface ConnectOptions {
  /** Gives up with ETIMEDOUT. 0 or absent: never. */
  readonly timeoutMs?: number;
  /** Local address to bind to before connecting. */
  readonly sourceHost?: string;
}

export interface Listener {
  /** The bound address; of a TCP listener with the real port. */
  readonly address: Address;
  /** Stops accepting, at once. Connections that were accepted go on. `done` when the port is free again. */
  close(done?: () => void): void;
}

export interface Connection {
  readonly local: Address;
  readonly remote: Address;
  /** Bytes that `write` kept and that have not left yet. */
  readonly queuedBytes: number;
  /** See the rules of ownership above. Writing to a closed connection drops the bytes and returns true. */
  write(bytes: Uint8Array): boolean;
  /** Stops `data`; the peer's sends back up. At most one chunk that was already read may still arrive. */
  pause(): void;
  resume(): void;
  /** Half-close: FIN after the queued bytes. Reading goes on until the peer ends too. */
  end(): void;
  /** Closes both directions at once; queued bytes are dropped. `events.close(null)` follows. */
  destroy(): void;
  /** Sends RST instead of FIN where the platform can; else the same as `destroy`. */
  reset(): void;
  /** TCP keep-alive probes after `seconds` of silence; 0 switches them off. */
  keepAlive(seconds: number): void;
  noDelay(enabled: boolean): void;
}

export interface ConnectionEvents {
  /** The connection that `connect` started is established. Not called for accepted connections. */
  open?(): void;
  data(chunk: Buffer): void;
  /** The queue of `write` became empty after it held bytes. */
  drain?(): void;
  /** The peer will send no more. Without this handler the connection answers with its own `end()`. */
  end?(): void;
  /** Called exactly once, whatever happened; nothing is called after it. */
  close(error: NetError | null): void;
}

// --------------------------------------------------------------------------------------------------------------- disk

export type DiskErrorCode =
  'ENOENT' | 'EEXIST' | 'ENOTDIR' | 'EISDIR' | 'EACCES' | 'ENOSPC' | 'EIO' | 'EROFS' | 'EUNKNOWN';

/** Thrown by the synchronous calls, handed to the callbacks of the others. */
export class DiskError extends Error {
  readonly code: DiskErrorCode;
  /** `message` is the C library's text without path or code: "No such file or directory". */
  constructor(code: DiskErrorCode, message: string) {
    super(message);
    this.name = 'DiskError';
    this.code = code;
  }
}

/**
 * Files. Synchronous calls serve start-up, SAVE, CONFIG REWRITE, nodes.conf and the like, where Redis blocks too;
 * `DiskFile.append` and `sync` serve the AOF and snapshots. Paths are absolute or relative to the working directory.
 */
export interface Disk {
  /** The whole file, or null when there is none. */
  read(path: string): Uint8Array | null;
  /** Null when there is nothing at `path`. */
  stat(path: string): { sizeBytes: number; isDirectory: boolean } | null;
  /** Names, without their directory, in no particular order. */
  list(directory: string): string[];
  /** Creates the directory, and those above it; fine if it exists. */
  makeDirectory(path: string): void;
  rename(from: string, to: string): void;
  unlink(path: string): void;
  /**
   * Makes renames, creations and removals in the directory survive a power loss: before it returns, or in the background
   * if `done` is given, which is told what goes wrong.
   */
  syncDirectory(path: string, done?: (error: DiskError | null) => void): void;
  /** `read`: must exist. `append`: created if missing. `create`: created or emptied. */
  open(path: string, mode: 'read' | 'append' | 'create'): DiskFile;
  /**
   * Claims a file, be it there or not, for as long as this process lives or until it lets go: an advisory lock.
   * @returns how to let go, or null if somebody else has claimed it, in this process or in another.
   */
  claim(path: string): ReleaseClaim | null;
}

/** Idempotent. */
export type ReleaseClaim = () => void;

export interface DiskFile {
  readonly path: string;
  /** Bytes in the file as this handle sees it, pending appends included. */
  readonly sizeBytes: number;
  /** Whether bytes that were appended are their owner's again as soon as `done` is called. */
  readonly givesBack?: boolean;
  /** Queues bytes; calls complete in the order in which they were made. The file owns `bytes` from now on. */
  append(bytes: Uint8Array, done?: (error: DiskError | null) => void): void;
  /** Everything appended before is durable when `done(null)` is called. */
  sync(done: (error: DiskError | null) => void): void;
  /**
   * As `append` and `sync`, but complete on return; the caller may use `bytes` again. Not to be mixed with pending
   * asynchronous calls of the same handle.
   */
  appendNow(bytes: Uint8Array): void;
  syncNow(): void;
  /** Up to `length` bytes from `position`; fewer at the end of the file. */
  read(position: number, length: number): Uint8Array;
  truncate(sizeBytes: number): void;
  /** Pending calls are completed first. */
  close(): void;
}
