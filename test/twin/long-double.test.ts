import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  addLongDoubles,
  formatLongDoubleHuman,
  isFiniteLongDouble,
  parseLongDoubleText,
} from '../../src/core/long-double.ts';
import { startRedis } from '../support/redis-process.ts';
import { describeWith } from '../support/requires.ts';
import { RespError } from '../support/resp-client.ts';

const RUNS = 40;
const PAIRS_PER_RUN = 100;

const digits = (maxLength: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: 1, maxLength });

const sign = fc.constantFrom('', '', '-', '+');

const literal = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(sign, digits(4), digits(8)).map(([s, a, b]) => `${s}${a}.${b}`) },
  { weight: 2, arbitrary: fc.tuple(sign, digits(25), digits(25)).map(([s, a, b]) => `${s}${a}.${b}`) },
  { weight: 1, arbitrary: fc.tuple(sign, digits(19)).map(([s, a]) => s + a) },
  { weight: 2, arbitrary: fc.tuple(sign, digits(19), fc.integer({ min: -40, max: 40 })).map(scientific) },
  { weight: 1, arbitrary: fc.tuple(sign, digits(19), fc.integer({ min: -5000, max: 5000 })).map(scientific) },
  { weight: 1, arbitrary: fc.tuple(fc.bigInt(0n, 2n ** 64n - 1n), fc.integer({ min: -80, max: 80 })).map(hex) },
  { weight: 1, arbitrary: fc.double().map((value) => String(value).replace('Infinity', 'inf')) },
  { weight: 1, arbitrary: fc.string({ unit: fc.constantFrom(...'0123456789+-.eExXpPinfa '), maxLength: 8 }) },
);

function scientific([s, mantissa, exponent]: [string, string, number]): string {
  return `${s}${mantissa}e${exponent}`;
}

function hex([mantissa, exponent]: [bigint, number]): string {
  return `0x${mantissa.toString(16)}p${exponent}`;
}

/** What INCRBYFLOAT answers, reckoned with the core alone. */
function expectedReply(value: string, increment: string): string {
  const a = parseLongDoubleText(value);
  const b = parseLongDoubleText(increment);
  if (a === null || b === null) return 'ERR value is not a valid float';
  const sum = addLongDoubles(a, b);
  return isFiniteLongDouble(sum) ? formatLongDoubleHuman(sum) : 'ERR increment would produce NaN or Infinity';
}

describeWith('redis-server', 'INCRBYFLOAT of real Redis', () => {
  it('gives the digits and the refusals that the core gives', async () => {
    await using redis = await startRedis();
    await using client = await redis.connect();
    const pairs = fc.array(fc.tuple(literal, literal), { minLength: 1, maxLength: PAIRS_PER_RUN, size: 'max' });
    await fc.assert(
      fc.asyncProperty(pairs, async (sums) => {
        const commands = sums.flatMap(([value, increment]) => [
          ['SET', 'key', value],
          ['INCRBYFLOAT', 'key', increment],
        ]);
        const replies = await client.pipeline(commands);
        sums.forEach(([value, increment], i) => {
          const reply = replies[2 * i + 1];
          const text = reply instanceof RespError ? reply.message : reply;
          expect(text, `${value} + ${increment}`).toBe(expectedReply(value, increment));
        });
      }),
      { numRuns: RUNS },
    );
  });
});
