/**
 * A frame that was received: a view of its bytes, read where they lie. Nothing of it is kept when the frame is processed.
 *
 * Whoever can reach the port can send frames. `problemOf` tells whether the lengths that a frame speaks of are its own,
 * and must have been asked first; what names and addresses say is checked when they are read: a field that cannot be
 * right is read as "none", since it would end up in the configuration file and in clients' tables.
 */
import { EPOCH_MAX, FRAME_NAMES, SLOT_BITMAP_BYTES } from '../state.ts';
import {
  AT,
  EXTENSION_HEADER_BYTES,
  EXTENSION_HOSTNAME,
  FRAME,
  GOSSIP,
  HEADER_BYTES,
  HOSTNAME_BYTES_MAX,
  ID_BYTES,
  IP_BYTES,
  MESSAGE_FLAG,
  MODULE,
  PUBLISH,
  UPDATE,
} from './layout.ts';

/** One entry of the gossip section. Most of it is not looked at, for nodes that are known and well. */
export class GossipEntry {
  readonly #bytes: Buffer;
  readonly #at: number;

  constructor(bytes: Buffer, at: number) {
    this.#bytes = bytes;
    this.#at = at;
  }

  /** '' if it is none. */
  get id(): string {
    return idAt(this.#bytes, this.#at + GOSSIP.id);
  }

  get pongReceivedMs(): number {
    return this.#bytes.readUInt32BE(this.#at + GOSSIP.pongReceived) * 1000;
  }

  get ip(): string {
    return ipAt(this.#bytes, this.#at + GOSSIP.ip);
  }

  get port(): number {
    return this.#bytes.readUInt16BE(this.#at + GOSSIP.port);
  }

  get busPort(): number {
    return this.#bytes.readUInt16BE(this.#at + GOSSIP.busPort);
  }

  get plaintextPort(): number {
    return this.#bytes.readUInt16BE(this.#at + GOSSIP.plaintextPort);
  }

  get flags(): number {
    return this.#bytes.readUInt16BE(this.#at + GOSSIP.flags);
  }
}

export class Frame {
  readonly bytes: Buffer;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  get version(): number {
    return this.bytes.readUInt16BE(AT.version);
  }

  get type(): number {
    return this.bytes.readUInt16BE(AT.type);
  }

  get isHeartbeat(): boolean {
    return this.type <= FRAME.meet;
  }

  get port(): number {
    return this.bytes.readUInt16BE(AT.port);
  }

  get plaintextPort(): number {
    return this.bytes.readUInt16BE(AT.plaintextPort);
  }

  get busPort(): number {
    return this.bytes.readUInt16BE(AT.busPort);
  }

  get gossipCount(): number {
    return this.bytes.readUInt16BE(AT.count);
  }

  get extensionCount(): number {
    return this.bytes.readUInt16BE(AT.extensions);
  }

  /** NaN if it cannot be one. */
  get currentEpoch(): number {
    return epochAt(this.bytes, AT.currentEpoch);
  }

  get configEpoch(): number {
    return epochAt(this.bytes, AT.configEpoch);
  }

  get replicationOffset(): number {
    return epochAt(this.bytes, AT.replicationOffset) || 0;
  }

  /** '' if it is no id. */
  get sender(): string {
    return idAt(this.bytes, AT.sender);
  }

  get senderText(): string {
    return textAt(this.bytes, AT.sender, ID_BYTES);
  }

  /** Whether the sender is a replica; of whom it may not know. */
  get hasMaster(): boolean {
    for (let i = 0; i < ID_BYTES; i++) if (this.bytes[AT.master + i] !== 0) return true;
    return false;
  }

  get master(): string {
    return idAt(this.bytes, AT.master);
  }

  get ip(): string {
    return ipAt(this.bytes, AT.ip);
  }

  get flags(): number {
    return this.bytes.readUInt16BE(AT.flags);
  }

  /** @param flag a bit of MESSAGE_FLAG. */
  hasMessageFlag(flag: number): boolean {
    return (this.bytes[AT.messageFlags]! & flag) !== 0;
  }

  get slots(): Uint8Array {
    return this.bytes.subarray(AT.slots, AT.slots + SLOT_BITMAP_BYTES);
  }

  gossip(index: number): GossipEntry {
    return new GossipEntry(this.bytes, HEADER_BYTES + index * GOSSIP.bytes);
  }

  /** The host name among the extensions, or ''. @param onUnknown is told of types that mean nothing to us. */
  hostname(onUnknown: (type: number) => void): string {
    let hostname = '';
    if (!this.hasMessageFlag(MESSAGE_FLAG.extensions)) return hostname;
    const { bytes, extensionCount } = this;
    let at = HEADER_BYTES + this.gossipCount * GOSSIP.bytes;
    for (let i = 0; i < extensionCount; i++) {
      const length = bytes.readUInt32BE(at);
      const type = bytes.readUInt16BE(at + 4);
      if (type === EXTENSION_HOSTNAME) hostname = hostnameAt(bytes, at + EXTENSION_HEADER_BYTES, at + length);
      else onUnknown(type);
      at += length;
    }
    return hostname;
  }

  // Payloads.

  /** Of FAIL. */
  get failed(): string {
    return idAt(this.bytes, HEADER_BYTES);
  }

  get channel(): Buffer {
    return this.bytes.subarray(PUBLISH.data, PUBLISH.data + this.bytes.readUInt32BE(PUBLISH.channelBytes));
  }

  get message(): Buffer {
    return this.bytes.subarray(PUBLISH.data + this.bytes.readUInt32BE(PUBLISH.channelBytes));
  }

  get updateEpoch(): number {
    return epochAt(this.bytes, UPDATE.configEpoch);
  }

  get updateId(): string {
    return idAt(this.bytes, UPDATE.id);
  }

  get updateSlots(): Uint8Array {
    return this.bytes.subarray(UPDATE.slots, UPDATE.slots + SLOT_BITMAP_BYTES);
  }
}

/** @returns null, or what is wrong with the lengths of a frame, as Redis logs it. */
export function problemOf(frame: Frame): string | null {
  const { bytes, type } = frame;
  const name = FRAME_NAMES[type] ?? 'unknown';
  let expected = HEADER_BYTES;
  switch (type) {
    case FRAME.ping:
    case FRAME.pong:
    case FRAME.meet: {
      expected += frame.gossipCount * GOSSIP.bytes;
      if (!frame.hasMessageFlag(MESSAGE_FLAG.extensions)) break;
      const problem = problemOfExtensions(frame, expected);
      if (typeof problem === 'string') return problem;
      expected = problem;
      break;
    }
    case FRAME.fail:
      expected += ID_BYTES;
      break;
    case FRAME.publish:
    case FRAME.publishShard:
      if (bytes.length < PUBLISH.data) return wrongLength(name, bytes.length, PUBLISH.data);
      expected = PUBLISH.data + bytes.readUInt32BE(PUBLISH.channelBytes) + bytes.readUInt32BE(PUBLISH.messageBytes);
      break;
    case FRAME.update:
      expected += UPDATE.bytes;
      break;
    case FRAME.module:
      if (bytes.length < MODULE.data) return wrongLength(name, bytes.length, MODULE.data);
      expected = MODULE.data + bytes.readUInt32BE(MODULE.dataBytes);
      break;
    case FRAME.authRequest:
    case FRAME.authAck:
    case FRAME.mfStart:
      break;
    default:
      return null;
  }
  return bytes.length === expected ? null : wrongLength(name, bytes.length, expected);
}

/** @returns where the extensions end, or what is wrong with them. */
function problemOfExtensions(frame: Frame, from: number): number | string {
  const { bytes, type, extensionCount } = frame;
  let at = from;
  for (let i = 0; i < extensionCount; i++) {
    const length = at + EXTENSION_HEADER_BYTES <= bytes.length ? bytes.readUInt32BE(at) : EXTENSION_HEADER_BYTES;
    if (length % 8 !== 0) return `Received a ${FRAME_NAMES[type]} packet without proper padding (${length} bytes)`;
    if (length < EXTENSION_HEADER_BYTES || at + length > bytes.length) {
      return `Received invalid ${FRAME_NAMES[type]} packet with extension data that exceeds total packet length (${bytes.length})`;
    }
    at += length;
  }
  return at;
}

function wrongLength(name: string, length: number, expected: number): string {
  return `Received invalid ${name} packet of length ${length} but expected length ${expected}`;
}

/** NaN beyond what can be. */
function epochAt(bytes: Buffer, at: number): number {
  const value = bytes.readUInt32BE(at) * 2 ** 32 + bytes.readUInt32BE(at + 4);
  return value <= EPOCH_MAX ? value : NaN;
}

/** '' unless all of it is lower case letters and digits. */
function idAt(bytes: Buffer, at: number): string {
  for (let i = at; i < at + ID_BYTES; i++) {
    const code = bytes[i]!;
    const isValid = (code >= 48 && code <= 57) || (code >= 97 && code <= 122);
    if (!isValid) return '';
  }
  return bytes.toString('latin1', at, at + ID_BYTES);
}

function ipAt(bytes: Buffer, at: number): string {
  const text = textAt(bytes, at, IP_BYTES);
  return text.length < IP_BYTES && /^[\w.:%-]*$/.test(text) ? text : '';
}

function hostnameAt(bytes: Buffer, from: number, to: number): string {
  const text = textAt(bytes, from, to - from);
  return text.length <= HOSTNAME_BYTES_MAX && /^[0-9A-Za-z.-]*$/.test(text) ? text : '';
}

function textAt(bytes: Buffer, at: number, length: number): string {
  const end = bytes.subarray(at, at + length).indexOf(0);
  return bytes.toString('latin1', at, at + (end < 0 ? length : end));
}
