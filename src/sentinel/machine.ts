/**
 * What the functions of the sentinel work on: its state, the time of the turn, dice, and the ways out.
 *
 * A turn is one event: the timer, a reply, a command of a client. Within it nothing leaves. What the functions want is
 * noted: `save()` that the state has changed, `LinkConnection.send` what a peer is to be told. At the end of the turn the
 * driver (sentinel.ts) first writes the file and waits for the disk, then sends. So a vote is on disk before anybody
 * hears of it, however the functions are called.
 */
import type { Random } from '../core/random.ts';
import type { LogLevel } from '../server/log.ts';
import type { InstanceAddress, LinkConnection, SentinelState } from './state.ts';
import type { ReplyValue } from '../client/reply-parser.ts';
import type { Names } from './addresses.ts';

export interface Machine {
  readonly state: SentinelState;
  /** Unix time in ms, the same throughout a turn. */
  readonly nowMs: number;
  readonly random: Random;
  readonly names: Names;
  readonly settings: Settings;
  log(level: LogLevel, text: string): void;
  /** A message to whoever has subscribed to the channel. */
  publish(channel: string, payload: string): void;
  /** The state is written to the file before this turn's bytes leave. */
  save(): void;
  /** Puts a script into the queue. */
  schedule(script: readonly string[]): void;
  /** Begins to connect. */
  connect(address: InstanceAddress, events: LinkEvents): LinkConnection;
  /** SENTINEL SIMULATE-FAILURE: ends the process. Does not return. */
  crash(): never;
  /** Offset of local time from UTC at a moment, in minutes, east positive. */
  timeZoneOffsetMinutes(wallMs: number): number;
}

/** What the sentinel takes from the configuration of its own server. */
export interface Settings {
  /** Where clients and other sentinels reach us. */
  readonly port: number;
  /** '' for none. */
  readonly requirePass: string;
  /** Address to connect from, '' for any. */
  readonly sourceHost: string;
}

export interface LinkEvents {
  /** A reply that belongs to no command: a message of a subscription. */
  message(reply: ReplyValue): void;
  /** The connection broke or could not be made. Not called after `close()`. */
  closed(reason: string): void;
}
