/**
 * Frames that this node sends. The header says what a node claims: a master its slots and epoch, a replica those of its
 * master. It goes out with every frame, so that whoever hears anything of a node hears that too.
 */
import type { Core } from '../core.ts';
import { type ClusterNode, SLOT_BITMAP_BYTES } from '../state.ts';
import {
  AT,
  EXTENSION_HEADER_BYTES,
  EXTENSION_HOSTNAME,
  FRAME,
  GOSSIP,
  HEADER_BYTES,
  ID_BYTES,
  IP_BYTES,
  MESSAGE_FLAG,
  MODULE,
  PROTOCOL_VERSION,
  PUBLISH,
  SIGNATURE,
  UPDATE,
} from './layout.ts';

/** A frame with a complete header, and room for a payload that is all zeros. */
export function newFrame(core: Core, type: number, payloadBytes: number): Buffer {
  const { state, settings, services } = core;
  const { myself } = state;
  const claimed = myself.isReplica && myself.master !== null ? myself.master : myself;
  // From the pool, as frames are many and short-lived.
  const frame = Buffer.allocUnsafe(HEADER_BYTES + payloadBytes).fill(0);
  frame.write(SIGNATURE, AT.signature, 'latin1');
  frame.writeUInt32BE(frame.length, AT.length);
  frame.writeUInt16BE(PROTOCOL_VERSION, AT.version);
  frame.writeUInt16BE(settings.announcedPort, AT.port);
  frame.writeUInt16BE(type, AT.type);
  writeLong(frame, AT.currentEpoch, state.currentEpoch);
  writeLong(frame, AT.configEpoch, claimed.configEpoch);
  writeLong(frame, AT.replicationOffset, services.replicationOffset);
  frame.set(myself.idBytes, AT.sender);
  frame.set(claimed.slots, AT.slots);
  if (myself.master !== null) frame.set(myself.master.idBytes, AT.master);
  const { announceIp } = settings;
  if (announceIp !== '') frame.write(announceIp, AT.ip, IP_BYTES - 1, 'latin1');
  frame.writeUInt16BE(settings.announcedBusPort, AT.busPort);
  frame.writeUInt16BE(myself.flags, AT.flags);
  frame[AT.state] = state.isOk ? 0 : 1;
  if (myself.isMaster && state.manualFailover.endMs !== 0) frame[AT.messageFlags] = MESSAGE_FLAG.paused;
  return frame;
}

/** PING, PONG or MEET with what is gossiped about others. */
export function heartbeatFrame(core: Core, type: number, gossip: readonly ClusterNode[]): Buffer {
  const { hostname } = core.state.myself;
  const gossipBytes = gossip.length * GOSSIP.bytes;
  const extensionBytes = hostname === '' ? 0 : EXTENSION_HEADER_BYTES + 8 * Math.ceil((hostname.length + 1) / 8);
  const frame = newFrame(core, type, gossipBytes + extensionBytes);
  frame.writeUInt16BE(gossip.length, AT.count);
  for (let i = 0; i < gossip.length; i++) writeGossip(frame, HEADER_BYTES + i * GOSSIP.bytes, gossip[i]!);
  if (extensionBytes > 0) {
    const at = HEADER_BYTES + gossipBytes;
    frame[AT.messageFlags]! |= MESSAGE_FLAG.extensions;
    frame.writeUInt16BE(1, AT.extensions);
    frame.writeUInt32BE(extensionBytes, at);
    frame.writeUInt16BE(EXTENSION_HOSTNAME, at + 4);
    frame.write(hostname, at + EXTENSION_HEADER_BYTES, 'latin1');
  }
  return frame;
}

function writeGossip(frame: Buffer, at: number, node: ClusterNode): void {
  frame.set(node.idBytes, at + GOSSIP.id);
  frame.writeUInt32BE(secondsOf(node.pingSentMs), at + GOSSIP.pingSent);
  frame.writeUInt32BE(secondsOf(node.pongReceivedMs), at + GOSSIP.pongReceived);
  frame.write(node.ip, at + GOSSIP.ip, IP_BYTES - 1, 'latin1');
  frame.writeUInt16BE(node.port, at + GOSSIP.port);
  frame.writeUInt16BE(node.busPort, at + GOSSIP.busPort);
  frame.writeUInt16BE(node.flags & 0xffff, at + GOSSIP.flags);
  frame.writeUInt16BE(node.plaintextPort, at + GOSSIP.plaintextPort);
}

export function failFrame(core: Core, failed: ClusterNode): Buffer {
  const frame = newFrame(core, FRAME.fail, ID_BYTES);
  frame.set(failed.idBytes, HEADER_BYTES);
  return frame;
}

/** Tells somebody with an old view who owns what. Slots that the owner does not claim any more are left out. */
export function updateFrame(core: Core, owner: ClusterNode): Buffer {
  const frame = newFrame(core, FRAME.update, UPDATE.bytes);
  writeLong(frame, UPDATE.configEpoch, owner.configEpoch);
  frame.set(owner.idBytes, UPDATE.id);
  const { ownerNotClaiming } = core.state;
  for (let i = 0; i < SLOT_BITMAP_BYTES; i++) frame[UPDATE.slots + i] = owner.slots[i]! & ~ownerNotClaiming[i]!;
  return frame;
}

export function publishFrame(core: Core, channel: Uint8Array, message: Uint8Array, isSharded: boolean): Buffer {
  const type = isSharded ? FRAME.publishShard : FRAME.publish;
  const frame = newFrame(core, type, PUBLISH.data - HEADER_BYTES + channel.length + message.length);
  frame.writeUInt32BE(channel.length, PUBLISH.channelBytes);
  frame.writeUInt32BE(message.length, PUBLISH.messageBytes);
  frame.set(channel, PUBLISH.data);
  frame.set(message, PUBLISH.data + channel.length);
  return frame;
}

/** @param moduleId 8 bytes, as they are. */
export function moduleFrame(core: Core, moduleId: Uint8Array, type: number, data: Uint8Array): Buffer {
  const frame = newFrame(core, FRAME.module, MODULE.data - HEADER_BYTES + data.length);
  frame.set(moduleId.subarray(0, 8), HEADER_BYTES);
  frame.writeUInt32BE(data.length, MODULE.dataBytes);
  frame[MODULE.dataBytes + 4] = type;
  frame.set(data, MODULE.data);
  return frame;
}

/** @param isForced asks for votes although the master works. */
export function authRequestFrame(core: Core, isForced: boolean): Buffer {
  const frame = newFrame(core, FRAME.authRequest, 0);
  if (isForced) frame[AT.messageFlags]! |= MESSAGE_FLAG.forceAck;
  return frame;
}

function writeLong(frame: Buffer, at: number, value: number): void {
  frame.writeUInt32BE(Math.floor(value / 2 ** 32), at);
  frame.writeUInt32BE(value % 2 ** 32, at + 4);
}

function secondsOf(ms: number): number {
  return Math.min(Math.floor(ms / 1000), 2 ** 32 - 1);
}
