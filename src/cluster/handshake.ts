/**
 * How nodes get to know each other, and how they are forgotten.
 *
 * CLUSTER MEET makes a node with a made-up id, to which MEET is sent. The other side trusts a MEET: it makes such a node
 * too, and answers. With the answer either learns the other's real id. Everybody else hears of both through gossip. A
 * handshake that comes to nothing is forgotten after a node timeout.
 */
import { randomId } from '../core/ids.ts';
import type { Frame } from './bus/frame.ts';
import { normalIp } from '../core/ip-address.ts';
import type { Core } from './core.ts';
import { ClusterNode, NODE, type NodeLink, DUE } from './state.ts';

const PORT_MAX = 65535;
const HANDSHAKE_MIN_MS = 1000;
/** As long is an id kept out that was forgotten. */
const BLACKLIST_MS = 60_000;
/** More nodes than this nobody has; gossip may tell of any number. */
export const NODES_MAX = 16384;

/** A link whose other end may have to be asked for its address. */
export interface RemoteLink extends NodeLink {
  readonly localIp: string;
  readonly remoteIp: string;
}

/** Begins a handshake. @returns false if that is no address. */
export function meet(core: Core, ip: string, port: number, busPort: number): boolean {
  const { state, nowMs } = core;
  const address = normalIp(ip);
  if (address === null || !isPort(port) || !isPort(busPort)) return false;
  for (const other of state.nodes.values()) {
    const isSame = other.ip.toLowerCase() === address.toLowerCase() && other.port === port && other.busPort === busPort;
    if (other.has(NODE.handshake) && isSame) return true;
  }
  const node = new ClusterNode(randomId(core.random), NODE.handshake | NODE.meet, nowMs);
  node.ip = address;
  node.port = port;
  node.busPort = busPort;
  state.add(node);
  return true;
}

function isPort(port: number): boolean {
  return port > 0 && port <= PORT_MAX;
}

/** Somebody unknown wants us to be of his cluster. */
export function acceptMeet(core: Core, link: RemoteLink, frame: Frame): void {
  const { state, nowMs } = core;
  if (state.nodes.size >= NODES_MAX) return;
  const node = new ClusterNode(randomId(core.random), NODE.handshake, nowMs);
  node.ip = ipOf(link, frame);
  node.port = frame.port;
  node.plaintextPort = frame.plaintextPort;
  node.busPort = frame.busPort;
  state.add(node);
  state.doBeforeSleep(DUE.save);
}

/** The one that a MEET or PING was sent to has told its id. @returns false if the link is gone. */
export function completeHandshake(core: Core, link: RemoteLink, sender: ClusterNode | null, frame: Frame): boolean {
  const { state, log } = core;
  const node = link.node!;
  if (sender !== null) {
    log.verbose(`Handshake: we already know node ${sender.name}, updating the address if needed.`);
    if (updateAddress(core, sender, link, frame)) state.doBeforeSleep(DUE.save | DUE.updateState);
    state.remove(node);
    return false;
  }
  const id = frame.sender;
  if (id === '' || state.find(id) !== null) {
    state.remove(node);
    return false;
  }
  log.debug(`Renaming node ${node.name} into ${id}`);
  state.rename(node, id);
  log.debug(`Handshake with node ${node.name} completed.`);
  node.clear(NODE.handshake);
  node.set(frame.flags & (NODE.master | NODE.replica));
  core.note({ kind: 'joined', node: id });
  state.doBeforeSleep(DUE.save);
  return true;
}

/** Another node than the one that we wanted to reach has answered. */
export function loseAddress(core: Core, link: NodeLink): void {
  const { state, log, nowMs } = core;
  const node = link.node!;
  log.debug(
    `PONG contains mismatching sender ID. About node ${node.name} added ${nowMs - node.createdMs} ms ago, having flags ${node.flags}`,
  );
  node.set(NODE.noAddress);
  node.ip = '';
  node.port = 0;
  node.plaintextPort = 0;
  node.busPort = 0;
  link.close();
  state.doBeforeSleep(DUE.save);
}

/** The address that a node announces, or that it sends from. */
export function ipOf(link: RemoteLink, frame: Frame): string {
  return frame.ip === '' ? link.remoteIp : frame.ip;
}

/** A node has come to another address. @returns whether anything changed. */
export function updateAddress(core: Core, node: ClusterNode, link: RemoteLink, frame: Frame): boolean {
  if (link === node.link) return false;
  const ip = ipOf(link, frame);
  const { port, plaintextPort, busPort } = frame;
  if (ip === '') return false;
  if (node.port === port && node.busPort === busPort && node.plaintextPort === plaintextPort && node.ip === ip) {
    return false;
  }
  node.ip = ip;
  node.port = port;
  node.plaintextPort = plaintextPort;
  node.busPort = busPort;
  node.link?.close();
  node.clear(NODE.noAddress);
  core.log.warning(`Address updated for node ${node.name}, now ${node.ip}:${node.port}`);
  const { myself } = core.state;
  if (myself.isReplica && myself.master === node) core.services.follow(node.ip, node.port);
  return true;
}

/** Handshakes that last longer have failed. */
export function handshakeLimitMs(core: Core): number {
  return Math.max(core.settings.nodeTimeoutMs, HANDSHAKE_MIN_MS);
}

/** Removes a node, and keeps gossip from bringing it back until all have forgotten it. */
export function forget(core: Core, node: ClusterNode): void {
  const { state, nowMs } = core;
  dropOldBans(core);
  state.blacklist.set(node.name, nowMs + BLACKLIST_MS);
  state.remove(node);
  state.doBeforeSleep(DUE.updateState | DUE.save);
}

export function isBanned(core: Core, id: string): boolean {
  if (core.state.blacklist.size === 0) return false;
  dropOldBans(core);
  return core.state.blacklist.has(id);
}

function dropOldBans({ state, nowMs }: Core): void {
  for (const [id, untilMs] of state.blacklist) if (untilMs < nowMs) state.blacklist.delete(id);
}
