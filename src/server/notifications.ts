/**
 * Keyspace notifications: what happens to keys, published to whoever subscribed (notify.c).
 *
 *   __keyspace@<db>__:<key>    the event
 *   __keyevent@<db>__:<event>  the key
 *
 * `notify-keyspace-events` says which of the two, and for which classes of events. Most servers have none enabled;
 * then a change of a key costs one test of `classes`. Handlers announce what they do; what the keyspace does by itself
 * (a key expires, a key is created, a lookup misses) it reports to its observer, which is this class.
 */
import { bytesOf } from '../core/latin1.ts';
import { NOTIFY, type NotifyClass } from '../commands/notify-class.ts';
import type { Database } from '../data/database.ts';
import type { KeyspaceObserver } from '../data/keyspace.ts';
import type { Kind } from '../data/value.ts';
import type { Server } from './server.ts';

export class Notifications implements KeyspaceObserver {
  readonly #server: Server;
  /** Bits of NOTIFY. */
  classes = 0;

  constructor(server: Server) {
    this.#server = server;
  }

  setClasses(classes: number): void {
    this.classes = classes;
    this.updateReports();
  }

  /** Lets the keyspace report what somebody wants to know. */
  updateReports(): void {
    const { keyspace, keyWaits } = this.#server;
    keyspace.reportsMisses = (this.classes & NOTIFY.keyMiss) !== 0;
    keyspace.reportsCreations = (this.classes & NOTIFY.newKey) !== 0 || keyWaits.count > 0;
  }

  /** @param key a view that nobody writes while messages are made. */
  publish(type: NotifyClass, event: string, database: number, key: Uint8Array): void {
    const { classes } = this;
    const { pubsub } = this.#server;
    if ((classes & type) === 0) return;
    if ((classes & NOTIFY.keyspace) !== 0) {
      pubsub.publish(Buffer.concat([bytesOf(`__keyspace@${database}__:`), key]), bytesOf(event));
    }
    if ((classes & NOTIFY.keyevent) !== 0) {
      pubsub.publish(bytesOf(`__keyevent@${database}__:${event}`), key);
    }
  }

  /** A key is gone because its time has passed: to everybody else it was deleted. */
  expired(database: Database, key: Buffer): void {
    const server = this.#server;
    this.publish(NOTIFY.expired, 'expired', database.index, key);
    server.keyModified(database, key, 0, key.length, true);
    server.propagation.deletion(database.index, key, server.config.values['lazyfree-lazy-expire']);
  }

  missed(database: Database, bytes: Uint8Array, start: number, end: number): void {
    this.publish(NOTIFY.keyMiss, 'keymiss', database.index, bytes.subarray(start, end));
  }

  created(database: Database, _kind: Kind, bytes: Uint8Array, start: number, end: number): void {
    const { keyWaits } = this.#server;
    this.publish(NOTIFY.newKey, 'new', database.index, bytes.subarray(start, end));
    if (keyWaits.count > 0) keyWaits.created(database, bytes, start, end);
  }
}
