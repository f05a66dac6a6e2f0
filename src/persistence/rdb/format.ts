/**
 * Numbers of the RDB format (rdb.h). Files and DUMP payloads are written as version 10, that of Redis 7.0; versions 1 to
 * 10 are read.
 */
export const RDB_VERSION = 10;
export const MAGIC_BYTES = 9;

/** What stands before keys and values in a file. */
export const OPCODE = {
  functionLibrary: 0xf5,
  /** As the release candidates of 7.0 wrote it. */
  oldFunction: 0xf6,
  moduleAux: 0xf7,
  idle: 0xf8,
  frequency: 0xf9,
  aux: 0xfa,
  resizeDb: 0xfb,
  expireMs: 0xfc,
  expireSeconds: 0xfd,
  selectDb: 0xfe,
  end: 0xff,
} as const;

/** How a value is written. */
export const TYPE = {
  string: 0,
  list: 1,
  set: 2,
  zset: 3,
  hash: 4,
  zsetBinary: 5,
  module: 6,
  module2: 7,
  hashZipmap: 9,
  listZiplist: 10,
  setIntset: 11,
  zsetZiplist: 12,
  hashZiplist: 13,
  listQuicklist: 14,
  streamListpacks: 15,
  hashListpack: 16,
  zsetListpack: 17,
  listQuicklist2: 18,
  streamListpacks2: 19,
} as const;

/** What a node of a list is (listQuicklist2). */
export const NODE_PLAIN = 1;
export const NODE_PACKED = 2;

/** The first byte of a length: two bits of form, and six more. */
export const LENGTH_14 = 0x40;
export const LENGTH_32 = 0x80;
export const LENGTH_64 = 0x81;
/** Instead of a length: a string that is an integer of 8, 16 or 32 bits, or compressed. */
export const STRING_INT8 = 0xc0;
export const STRING_INT16 = 0xc1;
export const STRING_INT32 = 0xc2;
export const STRING_LZF = 0xc3;

/** Longest text of an integer that is written as one. */
export const INTEGER_TEXT_BYTES_MAX = 11;
/** A string up to this length is not worth compressing. */
export const UNCOMPRESSED_BYTES_MAX = 20;
/** A compressed string is at least so much shorter. */
export const LZF_GAIN_BYTES = 4;
