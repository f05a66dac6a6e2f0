/** What the commands of a sentinel work on. */
import { fail } from '../../core/errors.ts';
import type { Call } from '../../server/call.ts';
import type { Machine } from '../machine.ts';
import type { Scripts } from '../scripts.ts';
import type { Sentinel } from '../sentinel.ts';
import type { Instance } from '../state.ts';

export interface SentinelNode {
  readonly sentinel: Sentinel;
  /** The sentinel's. */
  readonly machine: Machine;
  readonly scripts: Scripts;
  /** Whether there is a program at a path. */
  isExecutable(path: string): boolean;
}

/** Runs within a turn of the sentinel: what it leaves to be written is on disk before its reply leaves. */
export type SentinelHandler = (c: Call, node: SentinelNode) => void;

/** The master that an argument names; fails the command if there is none. */
export function masterAt(c: Call, { machine }: SentinelNode, index: number): Instance {
  return machine.state.masters.get(c.args.cString(index)) ?? fail('ERR No such master with that name');
}

/** Saves, and answers whether that was possible. */
export function saveAndReply({ reply }: Pick<Call, 'reply'>, { sentinel }: SentinelNode): void {
  if (sentinel.flushConfig()) reply.ok();
  else reply.error('ERR Failed to save config file. Check server logs.');
}
