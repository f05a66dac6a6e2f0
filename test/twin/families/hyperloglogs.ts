import * as fc from 'fast-check';
import { call, key, nearlyValid, value } from '../calls.ts';
import { oneClient } from '../one-client.ts';
import type { Family } from '../suite.ts';

const element = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 1_000_000 }).map(String) },
  { weight: 1, arbitrary: value },
);
const elements = fc.array(element, { maxLength: 40 });
const keys = fc.array(key, { minLength: 1, maxLength: 3 });
/** A code that is cut off makes Redis read behind the string, so codes are whole here. */
const code = fc.constantFrom([0x00], [0x3f], [0x40, 0x00], [0x7f, 0xff], [0x7f, 0x3e], [0x80], [0xff], [0x8c]);
/** Headers with random codes behind them. */
const sketch = fc
  .tuple(fc.constantFrom(0, 1, 2), fc.array(code, { maxLength: 9 }))
  .map(([encoding, codes]) => `HYLL${String.fromCharCode(encoding, ...Array<number>(11).fill(0), ...codes.flat())}`);

const sketches = fc.oneof(
  { weight: 6, arbitrary: call('PFADD', key, elements) },
  { weight: 2, arbitrary: call('PFCOUNT', key) },
  { weight: 2, arbitrary: call('PFCOUNT', keys) },
  { weight: 2, arbitrary: call('PFMERGE', key, keys) },
  call('PFDEBUG', fc.constantFrom('ENCODING', 'decode', 'TODENSE', 'nothing'), key),
  // A corrupt sketch gets one element at a time: Redis keeps those that came before the one that fails, and we do not.
  call('SET', 'corrupt', sketch),
  call('PFADD', 'corrupt', element),
  call('PFCOUNT', 'corrupt'),
  call('PFCOUNT', key, 'corrupt'),
  call('PFMERGE', fc.constantFrom('corrupt', 'a'), keys, 'corrupt'),
  call('PFDEBUG', fc.constantFrom('ENCODING', 'decode', 'TODENSE'), 'corrupt'),
  call('SET', key, value),
  call('DEL', key),
  call('CONFIG', 'SET', 'hll-sparse-max-bytes', fc.constantFrom('20', '60', '3000')),
);

export const hyperloglogFamily: Family = {
  name: 'hyperloglog',
  suites: [oneClient({ title: 'HyperLogLog', isObserved: true, calls: nearlyValid(sketches), runs: 120 })],
};
