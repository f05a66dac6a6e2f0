/**
 * Commands that wait for an element of a list. With an element at hand, each does what its sibling that does not wait
 * does, and is propagated as that one.
 */
import { NONE } from '../data/heap.ts';
import { KIND } from '../data/value.ts';
import { isLeft, moveOne, parseMultiPop, popOneWithKey, popRangeWithKey } from '../commands/list-ends.ts';
import { keyPair, keysFrom, numberedKeys } from '../commands/row.ts';
import { mayBlock } from './blocking.ts';
import type { Call } from './call.ts';
import { deadlineOfSeconds, type KeyWait } from './key-waits.ts';
import { serverFamily } from './rows.ts';
import type { Session } from './session.ts';

function giveUp(session: Session): void {
  session.reply.nilArray();
}

function blpop(c: Call): void {
  popFirst(c, true);
}

function brpop(c: Call): void {
  popFirst(c, false);
}

function popFirst(c: Call, atHead: boolean): void {
  const end = c.args.count - 1;
  const deadlineMs = deadlineOfSeconds(c, end);
  const serve = (call: Call, key: number, entry: number): boolean => {
    popOneWithKey(call, key, entry, atHead);
    return true;
  };
  serveOrWait(c, { kind: 'list', value: KIND.list, firstKey: 1, end, deadlineMs, serve, giveUp });
}

function blmpop(c: Call): void {
  const { firstKey, end, atHead, count } = parseMultiPop(c, 2);
  const deadlineMs = deadlineOfSeconds(c, 1);
  const serve = (call: Call, key: number, entry: number): boolean => {
    popRangeWithKey(call, key, entry, atHead, count);
    return true;
  };
  serveOrWait(c, { kind: 'list', value: KIND.list, firstKey, end, deadlineMs, serve, giveUp });
}

/** Serves a pop from the first key that has a list, or waits for one. */
function serveOrWait(c: Call, wait: KeyWait): void {
  for (let key = wait.firstKey; key < wait.end; key++) {
    const entry = c.writeKind(key, KIND.list);
    if (entry === NONE) continue;
    wait.serve(c, key, entry);
    return;
  }
  if (mayBlock(c.session)) c.server.keyWaits.block(c, wait);
  else c.reply.nilArray();
}

function blmove(c: Call): void {
  const { args } = c;
  const fromHead = isLeft(args, 3);
  const toHead = isLeft(args, 4);
  moveOrWait(c, deadlineOfSeconds(c, 5), fromHead, toHead, 'LMOVE');
}

function brpoplpush(c: Call): void {
  moveOrWait(c, deadlineOfSeconds(c, 3), false, true, 'RPOPLPUSH');
}

function side(atHead: boolean): string {
  return atHead ? 'left' : 'right';
}

/** @param name of the command that does the same without waiting. */
function moveOrWait(
  c: Call,
  deadlineMs: number,
  fromHead: boolean,
  toHead: boolean,
  name: 'LMOVE' | 'RPOPLPUSH',
): void {
  const serve = (call: Call, _key: number, entry: number): boolean => {
    moveOne(call, entry, fromHead, toHead);
    const { args } = call;
    if (!call.services.propagates) return true;
    // As in redis-server: the sides are as they came, or small where the client has been waiting.
    const given = call === c ? [args.view(3), args.view(4)] : [side(fromHead), side(toHead)];
    call.propagateInstead([name, args.view(1), args.view(2), ...(name === 'LMOVE' ? given : [])]);
    return true;
  };
  const entry = c.writeKind(1, KIND.list);
  if (entry !== NONE) serve(c, 1, entry);
  else if (!mayBlock(c.session)) c.reply.nil();
  else c.server.keyWaits.block(c, { kind: 'list', value: KIND.list, firstKey: 1, end: 2, deadlineMs, serve, giveUp });
}

const DOUBLE_TIMEOUT = ['6.0.0', 'The timeout may have decimals'] as const;

export const blockingListCommands = serverFamily('list', [
  {
    name: 'blmove',
    arity: 6,
    flags: ['write', 'denyoom', 'noscript', 'blocking'],
    keys: keyPair('RW access delete', 'RW insert'),
    since: '6.2.0',
    summary: 'Moves an element from an end of a list to an end of another one, and returns it; waits for it if need be',
    complexity: 'O(1)',
    syntax: 'source:key destination:key wherefrom=<LEFT | RIGHT> whereto=<LEFT | RIGHT> timeout:double',
    run: blmove,
  },
  {
    name: 'blmpop',
    arity: -5,
    flags: ['write', 'blocking'],
    keys: numberedKeys(2, 'RW access delete'),
    since: '7.0.0',
    summary: 'Takes elements off the first of several lists that has any, and returns them; waits for one if need be',
    complexity: 'O(N+M) with N keys and M returned elements',
    syntax: 'timeout:double numkeys:integer key ... where=<LEFT | RIGHT> [COUNT count:integer]',
    run: blmpop,
  },
  {
    name: 'blpop',
    arity: -3,
    flags: ['write', 'noscript', 'blocking'],
    keys: keysFrom(1, 'RW access delete', -2),
    since: '2.0.0',
    summary: 'Takes the first element off the first of several lists that has any; waits for one if need be',
    complexity: 'O(N) with N keys',
    syntax: 'key ... timeout:double',
    history: [DOUBLE_TIMEOUT],
    run: blpop,
  },
  {
    name: 'brpop',
    arity: -3,
    flags: ['write', 'noscript', 'blocking'],
    keys: keysFrom(1, 'RW access delete', -2),
    since: '2.0.0',
    summary: 'Takes the last element off the first of several lists that has any; waits for one if need be',
    complexity: 'O(N) with N keys',
    syntax: 'key ... timeout:double',
    history: [DOUBLE_TIMEOUT],
    run: brpop,
  },
  {
    name: 'brpoplpush',
    arity: 4,
    flags: ['write', 'denyoom', 'noscript', 'blocking'],
    keys: keyPair('RW access delete', 'RW insert'),
    since: '2.2.0',
    summary: 'Moves the last element of a list before the head of another one, and returns it; waits for it if need be',
    complexity: 'O(1)',
    syntax: 'source:key destination:key timeout:double',
    history: [DOUBLE_TIMEOUT],
    deprecated: { since: '6.2.0', instead: '`BLMOVE` with the `RIGHT` and `LEFT` arguments' },
    run: brpoplpush,
  },
]);
