/**
 * The addresses that a server listens on: `bind` times `port`, and `unixsocket`.
 *
 * An address with a leading dash is optional: that it is not there on this machine is no error. Everything is bound or
 * nothing is, so that CONFIG SET port can go back. A server of an embedder may ask for a free port; the first address
 * gets one, and the others are bound to the same.
 */
import type { Accept, Address, Listener, Net, NetError } from '../host/host.ts';
import type { Log } from './log.ts';

export interface ListenPlan {
  /** As in `bind`: "127.0.0.1", "*", "-::1". */
  readonly bind: readonly string[];
  /** 0 for no TCP at all, unless `anyPort`. */
  readonly port: number;
  readonly anyPort: boolean;
  readonly backlog: number;
  /** '' for none. */
  readonly unixSocket: string;
  readonly unixPermissions: number;
}

export class Listeners {
  readonly #net: Net;
  readonly #log: Log;
  readonly #accept: Accept;
  #tcp: Listener[] = [];
  /** What #tcp was bound for. */
  #plan: ListenPlan | null = null;
  #unix: Listener | null = null;

  constructor(net: Net, log: Log, accept: Accept) {
    this.#net = net;
    this.#log = log;
    this.#accept = accept;
  }

  /** Port of the TCP listeners, 0 when there are none. */
  get port(): number {
    const address = this.#tcp[0]?.address;
    return address?.kind === 'tcp' ? address.port : 0;
  }

  get addresses(): Address[] {
    return [...this.#tcp, ...(this.#unix === null ? [] : [this.#unix])].map((listener) => listener.address);
  }

  get hasTcp(): boolean {
    return this.#tcp.length > 0;
  }

  get hasUnix(): boolean {
    return this.#unix !== null;
  }

  /** Binds everything. `done` gets null, or the text that redis-server logs before it gives up. */
  open(plan: ListenPlan, done: (error: string | null) => void): void {
    this.openTcp(plan, (error) => {
      if (error !== null) done(error);
      else this.#openUnix(plan, done);
    });
  }

  /** Binds the TCP part of a plan in place of what was bound before; on error, what was bound stays. */
  openTcp(plan: ListenPlan, done: (error: string | null) => void): void {
    if (plan.port === 0 && !plan.anyPort) {
      this.#replaceTcp([], plan);
      done(null);
      return;
    }
    this.#bindNext(plan, plan.port, 0, [], (error, bound) => {
      if (error === null) this.#replaceTcp(bound, plan);
      done(error);
    });
  }

  /**
   * As `openTcp`, for addresses that may overlap with those that are bound now: these are given up first, and bound
   * again on error.
   */
  rebindTcp(plan: ListenPlan, done: (error: string | null) => void): void {
    const before = this.#plan;
    const open = this.#tcp;
    this.#tcp = [];
    closeAll(open, () => {
      this.openTcp(plan, (error) => {
        if (error === null || before === null) done(error);
        else this.openTcp(before, () => done(error));
      });
    });
  }

  #replaceTcp(bound: Listener[], plan: ListenPlan): void {
    for (const listener of this.#tcp) listener.close();
    this.#tcp = bound;
    this.#plan = { ...plan, port: this.port, anyPort: false };
  }

  #bindNext(
    plan: ListenPlan,
    port: number,
    index: number,
    bound: Listener[],
    done: (error: string | null, bound: Listener[]) => void,
  ): void {
    const entry = plan.bind[index];
    if (entry === undefined) {
      done(null, bound);
      return;
    }
    const optional = entry.startsWith('-');
    const host = hostOf(optional ? entry.slice(1) : entry, entry);
    this.#net.listen(
      { address: { kind: 'tcp', host, port }, backlog: plan.backlog },
      this.#accept,
      (error, listener) => {
        if (listener !== null) {
          const actual = listener.address.kind === 'tcp' ? listener.address.port : port;
          this.#bindNext(plan, actual, index + 1, [...bound, listener], done);
          return;
        }
        const shown = optional ? entry.slice(1) : entry;
        this.#log.warning(`Warning: Could not create server TCP listening socket ${shown}:${port}: ${bindText(error)}`);
        if (optional && isUnavailable(error)) this.#bindNext(plan, port, index + 1, bound, done);
        else {
          for (const opened of bound) opened.close();
          done(`Failed listening on port ${port} (TCP), aborting.`, []);
        }
      },
    );
  }

  #openUnix(plan: ListenPlan, done: (error: string | null) => void): void {
    if (plan.unixSocket === '') {
      done(this.hasTcp ? null : 'Configured to not listen anywhere, exiting.');
      return;
    }
    const options = {
      address: { kind: 'unix', path: plan.unixSocket },
      backlog: plan.backlog,
      unixPermissions: plan.unixPermissions,
    } as const;
    this.#net.listen(options, this.#accept, (error, listener) => {
      this.#unix = listener;
      done(error === null ? null : `Failed opening Unix socket: ${bindText(error)}`);
    });
  }

  /** Stops accepting. `done` when every port is free again. */
  close(done: () => void): void {
    const open = [...this.#tcp, ...(this.#unix === null ? [] : [this.#unix])];
    this.#tcp = [];
    this.#unix = null;
    closeAll(open, done);
  }
}

function closeAll(open: readonly Listener[], done: () => void): void {
  let left = open.length;
  if (left === 0) done();
  for (const listener of open) {
    listener.close(() => {
      left--;
      if (left === 0) done();
    });
  }
}

/** `*` and `::*` are the wildcards of both families. */
function hostOf(name: string, entry: string): string {
  if (name === '*') return '0.0.0.0';
  return name === '::*' || entry === '-::*' ? '::' : name;
}

function isUnavailable(error: NetError | null): boolean {
  return error !== null && (error.code === 'EADDRNOTAVAIL' || error.code === 'EAFNOSUPPORT');
}

function bindText(error: NetError | null): string {
  return `bind: ${error?.message ?? 'Unknown error'}`;
}
