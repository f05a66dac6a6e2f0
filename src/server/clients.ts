/**
 * The clients of a server: who is let in, who is shown out, and what the log says about it.
 *
 * At the door stand maxclients and protected mode (networking.c acceptCommonHandler, clientAcceptHandler); both answer
 * with a text and close. Inside, every client is looked at about once a second: idle ones are closed after `timeout`,
 * those whose replies have been waiting for too long by their output limit, and the sizes of buffers follow their use.
 */
import { cString } from '../core/latin1.ts';
import { repr } from '../core/repr.ts';
import type { Connection, ConnectionEvents } from '../host/host.ts';
import { clientInfo, idleSeconds } from './client-info.ts';
import type { Server } from './server.ts';
import { SESSION, Session } from './session.ts';

const FIRST_DESCRIPTOR = 8;
const CLIENTS_PER_LOOK_MIN = 5;
const LOGGED_QUERY_BYTES = 64;
const LOGGED_PROTOCOL_BYTES = 128;
const LOGGED_MESSAGE_CHARS = 255;
export const REPLY_PEAK_RESET_MS = 5000;
const HTTP_LOG_PERIOD_MS = 60_000;
const MAX_CLIENTS_REACHED = '-ERR max number of clients reached\r\n';
const MAX_CLIENTS_REACHED_CLUSTER = '-ERR max number of clients + cluster connections reached\r\n';
const PROTECTED_MODE =
  '-DENIED Redis is running in protected mode because protected mode is enabled and no password is set for the ' +
  'default user. In this mode connections are only accepted from the loopback interface. If you want to connect ' +
  'from external computers to Redis you may adopt one of the following solutions: 1) Just disable protected mode ' +
  "sending the command 'CONFIG SET protected-mode no' from the loopback interface by connecting to Redis from the " +
  'same host the server is running, however MAKE SURE Redis is not publicly accessible from internet if you do so. ' +
  'Use CONFIG REWRITE to make this change permanent. 2) Alternatively you can just disable the protected mode by ' +
  "editing the Redis configuration file, and setting the protected mode option to 'no', and then restarting the " +
  "server. 3) If you started the server manually just for testing, restart it with the '--protected-mode no' option. " +
  '4) Setup a an authentication password for the default user. NOTE: You only need to do one of the above things in ' +
  'order for the server to start accepting connections from the outside.\r\n';

export class Clients {
  readonly #server: Server;
  #nextId = 1;
  readonly #descriptors = new Descriptors();
  /** Clients that are not the embedder's own. */
  #count = 0;
  /** Connections of the cluster bus: they count against maxclients too. */
  clusterConnections = 0;
  /** Ids of the clients still to be looked at in this round. */
  #round: number[] = [];
  #httpLoggedMs = -Infinity;
  /** DEBUG REPLYBUFFER changes these. */
  replyPeakResetMs = REPLY_PEAK_RESET_MS;
  resizesReplyBuffers = true;

  constructor(server: Server) {
    this.#server = server;
  }

  /** Connected clients, the embedder's own not counted. */
  get count(): number {
    return this.#count;
  }

  // ----------------------------------------------------------------------------------------------------------- the door

  accept(connection: Connection): ConnectionEvents {
    const { log, statistics, config } = this.#server;
    const isUnix = connection.local.kind === 'unix';
    if (log.shows('verbose')) log.verbose(`Accepted ${describePeer(connection, config.values.unixsocket)}`);
    const refusal = this.#refuse(connection);
    if (refusal !== null) {
      statistics.connectionsRejected++;
      return turnAway(connection, refusal);
    }
    const session = this.#admit(connection);
    session.assign(SESSION.unixSocket, isUnix);
    session.logOut();
    connection.noDelay(true);
    const keepAliveSeconds = config.values['tcp-keepalive'];
    if (!isUnix && keepAliveSeconds > 0) connection.keepAlive(keepAliveSeconds);
    session.descriptor = this.#descriptors.take();
    statistics.connectionsReceived++;
    this.#count++;
    return session;
  }

  /** A client of the embedder's own: authenticated from the start, outside of all limits. */
  acceptInternal(connection: Connection): Session {
    const session = this.#admit(connection);
    session.set(SESSION.internal);
    session.logOut();
    return session;
  }

  /** The link to our master, which we opened: its commands may do everything. */
  acceptMaster(connection: Connection, onError: (session: Session, text: string) => void): Session {
    const session = this.#admit(connection);
    session.becomeLink(SESSION.master, (text) => onError(session, text));
    session.logIn(session.user);
    session.clear(SESSION.restricted);
    session.decoder.trusted = true;
    session.descriptor = this.#descriptors.take();
    this.#count++;
    return session;
  }

  #admit(connection: Connection): Session {
    const server = this.#server;
    const session = new Session(server, this.#nextId++, connection);
    server.sessions.set(session.id, session);
    return session;
  }

  #refuse(connection: Connection): string | null {
    const { config, acl } = this.#server;
    const { values } = config;
    if (this.#count + this.clusterConnections >= values.maxclients) {
      return values['cluster-enabled'] ? MAX_CLIENTS_REACHED_CLUSTER : MAX_CLIENTS_REACHED;
    }
    if (values['protected-mode'] && acl.defaultUser.noPassword && !isLocal(connection)) return PROTECTED_MODE;
    return null;
  }

  /** The session was closed. */
  forget(session: Session): void {
    this.#server.sessions.delete(session.id);
    this.#server.clientEviction.count(session);
    if (session.has(SESSION.internal)) return;
    this.#count--;
    this.#descriptors.give(session.descriptor);
  }

  // ------------------------------------------------------------------------------------------------------------ the log

  /** The peer ended the connection. */
  noteEnd(session: Session): void {
    const { log } = this.#server;
    if (log.shows('verbose')) log.verbose(`Client closed connection ${clientInfo(session)}`);
  }

  /** A replica called a command that answers. */
  noteReplicaReply(session: Session): void {
    const text = `Replica generated a reply to command '${session.lastCommand?.fullName ?? '<unknown>'}'`;
    this.#server.log.warning(`${text}, disconnecting it: ${clientInfo(session)}`);
  }

  /** What the client sent is no request. */
  noteProtocolError(session: Session): void {
    const { log } = this.#server;
    const level = session.has(SESSION.master) ? 'warning' : 'verbose';
    if (!log.shows(level)) return;
    const { decoder } = session;
    const sample = sampleOf(decoder.rest()).slice(0, LOGGED_MESSAGE_CHARS);
    log[level](`Protocol error (${decoder.errorForLog}) from client: ${clientInfo(session)}. ${sample}`);
  }

  /** @returns false when the client has sent more than may wait; it is closed then. */
  withinQueryLimit(session: Session): boolean {
    const { config, log } = this.#server;
    const { decoder } = session;
    if (decoder.bufferedBytes <= config.values['client-query-buffer-limit']) return true;
    if (session.has(SESSION.master | SESSION.internal)) return true;
    const start = repr(decoder.rest().toString('latin1', 0, LOGGED_QUERY_BYTES));
    const info = clientInfo(session);
    log.warning(`Closing client that reached max query buffer length: ${info} (qbuf initial bytes: ${start})`);
    session.close();
    return false;
  }

  /** A browser was made to send requests here: whatever follows its headers must not be executed. */
  abortHttp(session: Session): void {
    const { log, keyspace } = this.#server;
    session.closeSoon();
    if (Math.abs(keyspace.nowMs - this.#httpLoggedMs) <= HTTP_LOG_PERIOD_MS) return;
    this.#httpLoggedMs = keyspace.nowMs;
    log.warning(
      'Possible SECURITY ATTACK detected. It looks like somebody is sending POST or Host: commands to Redis. This is ' +
        'likely due to an attacker attempting to use Cross Protocol Scripting to compromise your Redis instance. ' +
        'Connection aborted.',
    );
  }

  // --------------------------------------------------------------------------------------------------------- the rounds

  /** Looks at some of the clients; called `hz` times per second, so that each has its turn about once a second. */
  look(nowMs: number, hz: number): void {
    const { sessions } = this.#server;
    if (this.#round.length === 0) this.#round = [...sessions.keys()];
    for (let left = Math.max(CLIENTS_PER_LOOK_MIN, Math.ceil(sessions.size / hz)); left > 0; left--) {
      const id = this.#round.pop();
      if (id === undefined) break;
      const session = sessions.get(id);
      if (session !== undefined) this.#lookAt(session, nowMs);
    }
    this.#server.clientEviction.evict();
  }

  #lookAt(session: Session, nowMs: number): void {
    if (this.#closeIdle(session)) return;
    const { decoder, gauge } = session;
    gauge.tendQuery(decoder.bufferedBytes, decoder.awaitedBytes, idleSeconds(session));
    if (this.resizesReplyBuffers) gauge.tendReply(nowMs, session.outputBytes, this.replyPeakResetMs);
    if (this.#server.clientEviction.isCounting) this.#server.clientEviction.count(session);
    this.#server.outputLimits.checkWaiting(session);
  }

  #closeIdle(session: Session): boolean {
    const { timeout } = this.#server.config.values;
    if (timeout === 0 || session.has(NEVER_IDLE) || idleSeconds(session) <= timeout) return false;
    this.#server.log.verbose('Closing idle client');
    session.close();
    return true;
  }
}

const NEVER_IDLE =
  SESSION.replica | SESSION.monitor | SESSION.master | SESSION.blocked | SESSION.subscribed | SESSION.internal;

function isLocal({ remote }: Connection): boolean {
  return remote.kind === 'unix' || remote.host === '127.0.0.1' || remote.host === '::1';
}

function describePeer({ local, remote }: Connection, socketPath: string): string {
  if (local.kind === 'unix' || remote.kind === 'unix') return `connection to ${socketPath}`;
  return `${remote.host}:${remote.port}`;
}

/** Answers and closes. The peer may not read, or not even hear the answer. */
function turnAway(connection: Connection, text: string): ConnectionEvents {
  connection.write(Buffer.from(text, 'latin1'));
  const isSent = connection.queuedBytes === 0;
  if (isSent) connection.destroy();
  else connection.end();
  const leave = (): void => connection.destroy();
  return { data: leave, drain: leave, end: leave, close: (): void => {} };
}

/** The beginning and the end of what was not understood, with a dot for each byte that cannot be printed. */
function sampleOf(bytes: Buffer): string {
  const half = LOGGED_PROTOCOL_BYTES / 2;
  const rest = bytes.length - LOGGED_PROTOCOL_BYTES;
  const text =
    rest < 0
      ? `'${shown(bytes)}'`
      : `'${shown(bytes.subarray(0, half))}' (... more ${rest} bytes ...) '${shown(bytes.subarray(bytes.length - half))}'`;
  return `Query buffer during protocol error: ${text}`.replaceAll(/[^ -~]/g, '.');
}

function shown(bytes: Buffer): string {
  return cString(bytes.toString('latin1'));
}

/** Small numbers that are given out lowest first, as an operating system does. */
class Descriptors {
  #next = FIRST_DESCRIPTOR;
  /** Numbers below #next that are free, in descending order. */
  readonly #free: number[] = [];

  take(): number {
    return this.#free.pop() ?? this.#next++;
  }

  give(descriptor: number): void {
    const free = this.#free;
    let at = free.length;
    while (at > 0 && free[at - 1]! < descriptor) at--;
    free.splice(at, 0, descriptor);
  }
}
