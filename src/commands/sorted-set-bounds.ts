/** The ends of ranges as commands spell them: 5, (5, -inf for scores, [a, (a, -, + for bytes. */
import { parseDouble, parseDoubleLeniently } from '../core/double.ts';
import { fail } from '../core/errors.ts';
import { type LexBound, LexRange, ScoreRange } from '../data/zset-reader.ts';
import type { Context } from './context.ts';

const OPEN = 0x28;
const CLOSED = 0x5b;
const LOWEST = 0x2d;
const HIGHEST = 0x2b;

const NO_SCORE = 'ERR min or max is not a float';
const NO_STRING = 'ERR min or max not valid string range item';

/** @param min index of the lower end; @param max of the upper. */
export function parseScoreRange(c: Context, min: number, max: number): ScoreRange {
  return new ScoreRange(parseScore(c, min), isOpen(c, min), parseScore(c, max), isOpen(c, max));
}

function isOpen({ args }: Context, index: number): boolean {
  return args.length(index) > 0 && args.bytes[args.starts[index]!] === OPEN;
}

function parseScore(c: Context, index: number): number {
  const { bytes, starts, ends } = c.args;
  const start = starts[index]! + (isOpen(c, index) ? 1 : 0);
  const end = ends[index]!;
  let score = parseDouble(bytes, start, end);
  if (Number.isNaN(score)) score = parseDoubleLeniently(bytes.subarray(0, end), start, end);
  return Number.isNaN(score) ? fail(NO_SCORE) : score;
}

export function parseLexRange(c: Context, min: number, max: number): LexRange {
  return new LexRange(parseLexBound(c, min), parseLexBound(c, max));
}

function parseLexBound({ args }: Context, index: number): LexBound {
  const { bytes } = args;
  const start = args.starts[index]!;
  const end = args.ends[index]!;
  const sign = start === end ? 0 : bytes[start]!;
  if (sign === OPEN || sign === CLOSED) return { side: 0, excluded: sign === OPEN, bytes, start: start + 1, end };
  // As in C, where a text ends at its first NUL.
  const isAlone = end - start === 1 || bytes[start + 1] === 0;
  if ((sign !== LOWEST && sign !== HIGHEST) || !isAlone) fail(NO_STRING);
  return { side: sign === LOWEST ? -1 : 1, excluded: true, bytes, start, end };
}
