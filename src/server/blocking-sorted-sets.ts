/**
 * Commands that wait for a member of a sorted set. With one at hand, each does what its sibling that does not wait does,
 * and is propagated as ZPOPMIN or ZPOPMAX.
 */
import { keysFrom, numberedKeys } from '../commands/row.ts';
import { type End, parseMultiplePop, popManyWithKey, popOneWithKey } from '../commands/sorted-set-write.ts';
import { NONE } from '../data/heap.ts';
import { KIND } from '../data/value.ts';
import { mayBlock } from './blocking.ts';
import type { Call } from './call.ts';
import { deadlineOfSeconds, type KeyWait } from './key-waits.ts';
import { serverFamily } from './rows.ts';
import type { Session } from './session.ts';

type Serve = KeyWait['serve'];

function bzpopmin(c: Call): void {
  popOne(c, 'min');
}

function bzpopmax(c: Call): void {
  popOne(c, 'max');
}

function popOne(c: Call, end: End): void {
  const last = c.args.count - 1;
  serveOrWait(c, 1, last, deadlineOfSeconds(c, last), (call, key, entry) => {
    popOneWithKey(call, key, entry, end);
    return true;
  });
}

function bzmpop(c: Call): void {
  const { firstKey, keys, end, count } = parseMultiplePop(c, 2);
  serveOrWait(c, firstKey, firstKey + keys, deadlineOfSeconds(c, 1), (call, key, entry) => {
    popManyWithKey(call, key, entry, end, count);
    return true;
  });
}

/** Serves a pop from the first key that has a sorted set, or waits for one. */
function serveOrWait(c: Call, firstKey: number, end: number, deadlineMs: number, serve: Serve): void {
  for (let key = firstKey; key < end; key++) {
    const entry = c.writeKind(key, KIND.zset);
    if (entry === NONE) continue;
    serve(c, key, entry);
    return;
  }
  if (!mayBlock(c.session)) {
    c.reply.nilArray();
    return;
  }
  c.server.keyWaits.block(c, { kind: 'sorted-set', value: KIND.zset, firstKey, end, deadlineMs, serve, giveUp });
}

function giveUp(session: Session): void {
  session.reply.nilArray();
}

const DOUBLE_TIMEOUT = ['6.0.0', 'The timeout may have decimals'] as const;

export const blockingSortedSetCommands = serverFamily('sorted-set', [
  {
    name: 'bzmpop',
    arity: -5,
    flags: ['write', 'blocking'],
    keys: numberedKeys(2, 'RW access delete'),
    since: '7.0.0',
    summary: 'Removes and returns members of the first sorted set that there is; waits for one if need be',
    complexity: 'O(K) + O(M*log(N)) with K keys, and M of N members removed',
    syntax: 'timeout:double numkeys:integer key ... where=<MIN | MAX> [COUNT count:integer]',
    run: bzmpop,
  },
  {
    name: 'bzpopmax',
    arity: -3,
    flags: ['write', 'noscript', 'blocking', 'fast'],
    keys: keysFrom(1, 'RW access delete', -2),
    since: '5.0.0',
    summary: 'Removes and returns the member with the highest score of the first sorted set that there is, or waits',
    complexity: 'O(log(N)) with N members in the set',
    syntax: 'key ... timeout:double',
    history: [DOUBLE_TIMEOUT],
    run: bzpopmax,
  },
  {
    name: 'bzpopmin',
    arity: -3,
    flags: ['write', 'noscript', 'blocking', 'fast'],
    keys: keysFrom(1, 'RW access delete', -2),
    since: '5.0.0',
    summary: 'Removes and returns the member with the lowest score of the first sorted set that there is, or waits',
    complexity: 'O(log(N)) with N members in the set',
    syntax: 'key ... timeout:double',
    history: [DOUBLE_TIMEOUT],
    run: bzpopmin,
  },
]);
