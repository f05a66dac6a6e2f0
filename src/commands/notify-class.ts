/** Classes of keyspace notifications, as bits; the letters are those of notify-keyspace-events (server.h NOTIFY_*). */
export const NOTIFY = {
  /** K: publish to __keyspace@<db>__:<key>. */
  keyspace: 1 << 0,
  /** E: publish to __keyevent@<db>__:<event>. */
  keyevent: 1 << 1,
  /** g */
  generic: 1 << 2,
  /** $ */
  string: 1 << 3,
  /** l */
  list: 1 << 4,
  /** s */
  set: 1 << 5,
  /** h */
  hash: 1 << 6,
  /** z */
  zset: 1 << 7,
  /** x */
  expired: 1 << 8,
  /** e */
  evicted: 1 << 9,
  /** t */
  stream: 1 << 10,
  /** m: a key was looked up and missed. Not part of A. */
  keyMiss: 1 << 11,
  /** d: module-defined. */
  module: 1 << 13,
  /** n: a key was created. Not part of A. */
  newKey: 1 << 14,
} as const;

/** One of NOTIFY's bits. */
export type NotifyClass = number;
