/**
 * The checks between a request and its handler, in Redis' order (server.c processCommand). Each is one function that
 * answers null to let the command pass, an error text to refuse it, or POSTPONE to run it later.
 *
 * A gate names the conditions under which it can refuse at all, as bits of the server's state and of the session's.
 * While none of these is set, which is the usual case, requests go straight to their handlers: `Server.gates` and
 * `Session.gated` are both 0.
 */
import type { Arguments } from '../core/arguments.ts';
import { LOADING, MASTER_DOWN, NO_AUTH, NOT_IN_MULTI, OUT_OF_MEMORY, READ_ONLY_REPLICA } from '../core/errors.ts';
import { type Command, FLAG } from './command-table.ts';
import type { Server } from './server.ts';
import { SESSION, type Session } from './session.ts';

/** The command is put off: the session runs it again when it is resumed. */
export const POSTPONE = Symbol('postpone');
/** The session is being closed: the command does not run, and nobody waits for an answer. */
export const GONE = Symbol('gone');
/** Another node serves the request, or none: the error says so by itself, also where it refuses EXEC. */
export class Redirection {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}
export type Verdict = string | null | typeof POSTPONE | typeof GONE | Redirection;

/** Conditions of a server that make gates look. */
export const CONDITION = {
  /** maxmemory is set. */
  maxmemory: 1 << 0,
  loading: 1 << 1,
  asyncLoading: 1 << 2,
  /** A replica that does not take writes. */
  readonlyReplica: 1 << 3,
  /** A replica without its master's data. */
  stale: 1 << 4,
  /** Snapshots or the AOF cannot be written. */
  diskError: 1 << 5,
  minReplicas: 1 << 6,
  /** A script or function runs for too long. */
  busy: 1 << 7,
  paused: 1 << 8,
  cluster: 1 << 9,
  maxmemoryClients: 1 << 10,
  /** More keys are tracked than may be. */
  trackingTable: 1 << 11,
  /** DEBUG and MODULE are not allowed to everybody; set from the configuration, so almost always. */
  protected: 1 << 12,
  /** A snapshot is taken of a dataset with large values. */
  snapshot: 1 << 13,
  /** Keys that change too often are being sent to another server. */
  migration: 1 << 14,
} as const;

export interface Gate {
  readonly name: string;
  /** Bits of CONDITION. */
  readonly server: number;
  /** Bits of SESSION. */
  readonly session: number;
  /** @param flags of the command; EXEC has those of the commands that it would run. */
  check(server: Server, session: Session, command: Command, flags: number, args: Arguments): Verdict;
}

export const gates: readonly Gate[] = [
  {
    name: 'authentication',
    server: 0,
    session: SESSION.unauthenticated,
    check: (_server, _session, command) => (command.has(FLAG.no_auth) ? null : NO_AUTH),
  },
  {
    name: 'no multi',
    server: 0,
    session: SESSION.multi,
    check: (_server, _session, command) => (command.has(FLAG.no_multi) ? NOT_IN_MULTI : null),
  },
  {
    name: 'acl',
    server: 0,
    session: SESSION.restricted,
    check: (server, session, command, _flags, args) => server.acl.check(session, command, args),
  },
  {
    name: 'cluster',
    server: CONDITION.cluster,
    session: 0,
    check(server, session, command, flags, args) {
      if (session.has(SESSION.master)) return null;
      const text = server.hooks.router?.route(session, command, args, flags) ?? null;
      return text === null ? null : new Redirection(text);
    },
  },
  {
    name: 'memory of clients',
    server: CONDITION.maxmemoryClients,
    session: 0,
    check(server, session) {
      server.clientEviction.evict();
      return session.has(SESSION.closing) ? GONE : null;
    },
  },
  {
    name: 'memory',
    server: CONDITION.maxmemory,
    session: 0,
    check(server, session, command, flags) {
      if (server.eviction.bringWithinLimit() !== 'exhausted') return null;
      // Queueing takes memory too, whatever the command is.
      const queues = session.transaction !== null && !command.has(FLAG.ends_transaction);
      return queues || (flags & FLAG.denyoom) !== 0 ? OUT_OF_MEMORY : null;
    },
  },
  {
    name: 'memory for tracking',
    server: CONDITION.trackingTable,
    session: 0,
    check(server) {
      server.tracking.trim();
      return null;
    },
  },
  {
    name: 'disk error',
    server: CONDITION.diskError,
    session: 0,
    check(server, session, command, flags) {
      const refusal = server.persistence.refuse(command, flags);
      if (refusal === null || !session.has(SESSION.master)) return refusal;
      return server.persistence.mayApplyUnsaved(command) ? null : GONE;
    },
  },
  {
    name: 'minimum of replicas',
    server: CONDITION.minReplicas,
    session: 0,
    check: (server, _session, _command, flags) => server.hooks.replication?.refuseForLackOfReplicas(flags) ?? null,
  },
  {
    name: 'read-only replica',
    server: CONDITION.readonlyReplica,
    session: 0,
    check: (_server, session, _command, flags) =>
      !session.has(SESSION.master) && (flags & FLAG.write) !== 0 ? READ_ONLY_REPLICA : null,
  },
  {
    name: 'subscribed',
    server: 0,
    session: SESSION.subscribed,
    check(_server, session, command) {
      if (session.protocol === 3 || command.has(FLAG.subscriber)) return null;
      return `ERR Can't execute '${command.fullName}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context`;
    },
  },
  {
    name: 'stale',
    server: CONDITION.stale,
    session: 0,
    check: (_server, _session, _command, flags) => ((flags & FLAG.stale) !== 0 ? null : MASTER_DOWN),
  },
  {
    name: 'loading',
    server: CONDITION.loading,
    session: 0,
    check: (_server, _session, _command, flags) => ((flags & FLAG.loading) !== 0 ? null : LOADING),
  },
  {
    name: 'asynchronous loading',
    server: CONDITION.asyncLoading,
    session: 0,
    check: (_server, _session, _command, flags) => ((flags & FLAG.no_async_loading) !== 0 ? LOADING : null),
  },
  {
    name: 'busy',
    server: CONDITION.busy,
    session: 0,
    check(server, session, command) {
      // Our master's commands wait: none may get lost. While a script is debugged in front of all, everybody's do.
      if (session.has(SESSION.master) || server.scripting.isDebugged) return POSTPONE;
      return command.has(FLAG.allow_busy) ? null : server.scripting.busyText;
    },
  },
  {
    name: 'replica link',
    server: 0,
    session: SESSION.replica | SESSION.monitor,
    check: (_server, _session, _command, flags) =>
      (flags & (FLAG.write | FLAG.readonly | FLAG.may_replicate)) !== 0
        ? "ERR Replica can't interact with the keyspace"
        : null,
  },
  {
    name: 'paused',
    server: CONDITION.paused,
    session: 0,
    check: (server, session, _command, flags) => (server.pause.holds(session, flags) ? POSTPONE : null),
  },
  {
    name: 'snapshot',
    server: CONDITION.snapshot,
    session: 0,
    check: (server, session, command, flags, args) =>
      server.persistence.children.waits.holds(session, command, flags, args) ? POSTPONE : null,
  },
  {
    name: 'migration',
    server: CONDITION.migration,
    session: 0,
    check: (server, session, command, flags, args) =>
      server.migrations.waits.holds(session, command, flags, args) ? POSTPONE : null,
  },
];

/** The flags of a command by which it is judged: a script may say itself what it does. */
export function flagsOf({ scripting }: Server, command: Command, args: Arguments): number {
  return command.has(FLAG.runs_script) ? scripting.flagsOf(command, args) : command.flags;
}

/** Sends a request through the gates. */
export function passGates(server: Server, session: Session, command: Command, args: Arguments): Verdict {
  const isExec = command.has(FLAG.aborts_transaction) && session.transaction !== null;
  const flags = isExec ? session.transaction!.flagsOf(command) : flagsOf(server, command, args);
  for (const gate of gates) {
    if ((server.conditions & gate.server) === 0 && (session.flags & gate.session) === 0) continue;
    const verdict = gate.check(server, session, command, flags, args);
    if (verdict !== null) return verdict;
  }
  return null;
}
