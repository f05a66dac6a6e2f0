/**
 * The frames of the cluster bus, byte for byte: a header of 2256 bytes, the same for all types, and a payload.
 *
 * All integers are big-endian. Ids are 40 characters, 40 NULs for none. Texts are padded with NULs. Bitmaps of slots have
 * bit `slot & 7` of byte `slot >> 3`.
 */
export const FRAME = {
  ping: 0,
  pong: 1,
  meet: 2,
  fail: 3,
  publish: 4,
  authRequest: 5,
  authAck: 6,
  update: 7,
  mfStart: 8,
  module: 9,
  publishShard: 10,
} as const;

export const SIGNATURE = 'RCmb';
export const PROTOCOL_VERSION = 1;
export const HEADER_BYTES = 2256;

/** Offsets in the header. */
export const AT = {
  signature: 0,
  length: 4,
  version: 8,
  port: 10,
  type: 12,
  count: 14,
  currentEpoch: 16,
  configEpoch: 24,
  replicationOffset: 32,
  sender: 40,
  slots: 80,
  master: 2128,
  ip: 2168,
  extensions: 2214,
  plaintextPort: 2246,
  busPort: 2248,
  flags: 2250,
  state: 2252,
  messageFlags: 2253,
} as const;

export const ID_BYTES = 40;
export const IP_BYTES = 46;

/** Offsets in an entry of the gossip section. */
export const GOSSIP = {
  id: 0,
  pingSent: 40,
  pongReceived: 44,
  ip: 48,
  port: 94,
  busPort: 96,
  flags: 98,
  plaintextPort: 100,
  bytes: 104,
} as const;

/** Bits of the first byte of the message flags. */
export const MESSAGE_FLAG = {
  /** A master that holds back writes for a manual failover. */
  paused: 1,
  /** Vote for me although my master works. */
  forceAck: 2,
  /** There are extensions behind the gossip section. */
  extensions: 4,
} as const;

/** Behind the gossip: length (4, of all), type (2), 2 unused, data padded to 8. */
export const EXTENSION_HEADER_BYTES = 8;
export const EXTENSION_HOSTNAME = 0;
export const HOSTNAME_BYTES_MAX = 255;

/** Offsets in the payload of UPDATE. */
export const UPDATE = {
  configEpoch: HEADER_BYTES,
  id: HEADER_BYTES + 8,
  slots: HEADER_BYTES + 48,
  bytes: 2096,
} as const;
/** Offsets in the payload of PUBLISH and PUBLISHSHARD. */
export const PUBLISH = {
  channelBytes: HEADER_BYTES,
  messageBytes: HEADER_BYTES + 4,
  data: HEADER_BYTES + 8,
} as const;
/** Offsets in the payload of MODULE. */
export const MODULE = { dataBytes: HEADER_BYTES + 8, data: HEADER_BYTES + 13 } as const;

/** A longer frame is no frame: PUBLISH of the longest channel and message is shorter. */
export const FRAME_BYTES_MAX = 1100 * 1024 * 1024;
