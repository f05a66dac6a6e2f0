/**
 * Connecting to instances: one connection for commands, and to servers another one that is subscribed to hellos. What
 * introduces us (AUTH, CLIENT SETNAME, the first PING) is queued at once and leaves as soon as the connection is there.
 *
 * A link counts as connected as soon as both have been begun; that nobody answers is seen by PINGs that stay without an
 * answer. A link that broke is tried again once per `pingPeriod`.
 */
import { ErrorReply, type ReplyValue } from '../client/reply-parser.ts';
import { announce } from './events.ts';
import { findSentinelById } from './instances.ts';
import { closeConnection, closeLink, releaseLink } from './link.ts';
import type { Machine } from './machine.ts';
import { HELLO_CHANNEL, type Instance, type LinkConnection } from './state.ts';

/** What is done with what comes; see periodic.ts and hello.ts. */
export interface LinkHandlers {
  sendPing(machine: Machine, instance: Instance): void;
  receiveHello(machine: Machine, instance: Instance, message: ReplyValue): void;
}

/** What a command is called there (SENTINEL rename-command). */
export function commandName(instance: Instance, command: string): string {
  const owner = instance.isMaster ? instance : instance.master;
  return owner?.renamedCommands.get(command)?.to ?? command;
}

export function reconnect(machine: Machine, instance: Instance, handlers: LinkHandlers): void {
  const { link } = instance;
  const { nowMs } = machine;
  if (!link.disconnected || instance.addr.port === 0) return;
  if (nowMs - link.lastReconnTime < machine.state.periods.pingPeriod) return;
  link.lastReconnTime = nowMs;
  if (link.cc === null) {
    refreshAddress(machine, instance);
    link.cc = connectForCommands(machine, instance);
    if (link.cc !== null) {
      introduce(machine, instance, link.cc, 'cmd');
      handlers.sendPing(machine, instance);
    }
  }
  if (!instance.isSentinel && link.pc === null) {
    link.pc = connectForHellos(machine, instance, handlers);
    if (link.pc !== null) {
      introduce(machine, instance, link.pc, 'pubsub');
      link.pc.send([commandName(instance, 'SUBSCRIBE'), HELLO_CHANNEL], null);
    }
  }
  if (link.cc !== null && (instance.isSentinel || link.pc !== null)) link.disconnected = false;
}

/** A name may lead somewhere else by now. What it leads to is used from the next connection on. */
function refreshAddress(machine: Machine, instance: Instance): void {
  if (!machine.state.resolveHostnames) return;
  const { hostname } = instance.addr;
  machine.names.refresh(hostname, (ip) => {
    if (ip !== null && !instance.isReleased && instance.addr.hostname === hostname && instance.addr.ip !== ip) {
      instance.addr = { ...instance.addr, ip };
    }
  });
}

function connectForCommands(machine: Machine, instance: Instance): LinkConnection | null {
  const { link, addr } = instance;
  if (addr.ip === '') return null;
  const connection: LinkConnection = machine.connect(addr, {
    message: () => {},
    closed: (reason) => {
      if (link.cc !== connection) return;
      link.cc = null;
      link.disconnected = true;
      if (!instance.isReleased) announce(machine, '-cmd-link-reconnection', instance, `#${reason}`);
    },
  });
  link.ccConnTime = machine.nowMs;
  return connection;
}

function connectForHellos(machine: Machine, instance: Instance, handlers: LinkHandlers): LinkConnection | null {
  const { link, addr } = instance;
  if (addr.ip === '') return null;
  const connection: LinkConnection = machine.connect(addr, {
    message: (reply) => {
      if (link.pc !== connection || instance.isReleased) return;
      // A server that does not let us subscribe is of no use on this connection.
      if (reply instanceof ErrorReply) closeConnection(link, connection);
      else handlers.receiveHello(machine, instance, reply);
    },
    closed: (reason) => {
      if (link.pc !== connection) return;
      link.pc = null;
      link.disconnected = true;
      if (!instance.isReleased) announce(machine, '-pubsub-link-reconnection', instance, `#${reason}`);
    },
  });
  link.pcConnTime = machine.nowMs;
  return connection;
}

function introduce(machine: Machine, instance: Instance, connection: LinkConnection, purpose: string): void {
  const { user, password } = credentialsFor(machine, instance);
  const auth = commandName(instance, 'AUTH');
  if (password !== '') connection.send(user === '' ? [auth, password] : [auth, user, password], ignoreReply);
  const name = `sentinel-${machine.state.myid.slice(0, 8)}-${purpose}`;
  connection.send([commandName(instance, 'CLIENT'), 'SETNAME', name], ignoreReply);
}

/** With which name and password we come; '' for none. */
function credentialsFor(machine: Machine, instance: Instance): { user: string; password: string } {
  if (!instance.isSentinel) {
    const owner = instance.isMaster ? instance : instance.master;
    return { user: owner?.authUser ?? '', password: owner?.authPass ?? '' };
  }
  const { sentinelAuthUser, sentinelAuthPass } = machine.state;
  if (sentinelAuthPass !== null) return { user: sentinelAuthUser ?? '', password: sentinelAuthPass };
  return { user: '', password: machine.settings.requirePass };
}

export function ignoreReply(): void {}

/**
 * A sentinel that watches several of our masters is connected to once: its objects share one link.
 * @returns whether there was a link to share.
 */
export function shareLink(machine: Machine, sentinel: Instance): boolean {
  if (sentinel.runid === null || sentinel.link.refcount > 1) return false;
  for (const master of machine.state.masters.values()) {
    if (master === sentinel.master) continue;
    const other = findSentinelById(master, sentinel.runid);
    if (other === null || other === sentinel) continue;
    releaseLink(sentinel.link);
    sentinel.link = other.link;
    other.link.refcount++;
    return true;
  }
  return false;
}

/** A sentinel was found at another address: its objects under all masters move there. */
export function moveSentinelEverywhere(machine: Machine, sentinel: Instance): void {
  let moved = 0;
  for (const master of machine.state.masters.values()) {
    const other = findSentinelById(master, sentinel.runid ?? '');
    if (other === null) continue;
    closeLink(other.link);
    if (other === sentinel) continue;
    other.addr = sentinel.addr;
    moved++;
  }
  if (moved > 0) announce(machine, '+sentinel-address-update', sentinel, `${moved} additional matching instances`);
}

/**
 * Gives up connections on which nothing comes: what hangs may be the connection and not the instance.
 */
export function tendLink(machine: Machine, instance: Instance): void {
  const { link } = instance;
  const { nowMs, state } = machine;
  const { minLinkReconnectPeriod, publishPeriod } = state.periods;
  const half = instance.downAfterPeriod / 2;
  const isSilent = link.actPingTime !== 0 && nowMs - link.actPingTime > half && nowMs - link.lastPongTime > half;
  if (link.cc !== null && nowMs - link.ccConnTime > minLinkReconnectPeriod && isSilent) closeConnection(link, link.cc);
  const isQuiet = nowMs - link.pcLastActivity > publishPeriod * 3;
  if (link.pc !== null && nowMs - link.pcConnTime > minLinkReconnectPeriod && isQuiet) closeConnection(link, link.pc);
}

/** The link of an instance that can be told something; null while there is none. */
export function usableConnection({ link }: Instance): LinkConnection | null {
  return link.disconnected ? null : link.cc;
}
