import * as fc from 'fast-check';
import { anyInteger, brokenIntegerText, call, key, nearlyValid, options, value, word } from '../calls.ts';
import { oneClient } from '../one-client.ts';
import type { Family } from '../suite.ts';

const bit = fc.constantFrom('0', '1', '0', '1', '2', '-1', 'x', '');
const offset = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 0, max: 120 }).map(String) },
  { weight: 1, arbitrary: fc.constantFrom('-1', '5000', '4294967296', '9223372036854775807', '#1', '#') },
  { weight: 1, arbitrary: brokenIntegerText },
);
const unit = fc.constantFrom('BYTE', 'bit', 'BIT', 'byte', 'bits');
const place = fc.oneof(fc.integer({ min: -40, max: 40 }).map(String), anyInteger);
const type = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.tuple(fc.constantFrom('u', 'i'), fc.integer({ min: 1, max: 64 })).map(([sign, bits]) => sign + bits),
  },
  { weight: 1, arbitrary: fc.constantFrom('u64', 'i65', 'u0', 'x8', 'u', '', 'I8') },
);
const fieldOffset = fc.oneof(
  offset,
  fc.integer({ min: 0, max: 10 }).map((index) => `#${index}`),
);
const get = fc.tuple(word('GET'), type, fieldOffset);
const set = fc.tuple(word('SET'), type, fieldOffset, anyInteger);
const incrby = fc.tuple(word('INCRBY'), type, fieldOffset, anyInteger);
const overflow = fc.tuple(word('OVERFLOW'), fc.constantFrom('WRAP', 'sat', 'FAIL', 'none'));
const operations = options(get, set, incrby, overflow, set, incrby);
const keys = fc.array(key, { minLength: 1, maxLength: 4 });

const bitmaps = fc.oneof(
  { weight: 2, arbitrary: call('SET', key, value) },
  { weight: 3, arbitrary: call('SETBIT', key, offset, bit) },
  call('GETBIT', key, offset),
  call('BITCOUNT', key),
  { weight: 2, arbitrary: call('BITCOUNT', key, place, place) },
  { weight: 2, arbitrary: call('BITCOUNT', key, place, place, unit) },
  call('BITPOS', key, bit),
  call('BITPOS', key, bit, place),
  { weight: 2, arbitrary: call('BITPOS', key, bit, place, place) },
  { weight: 2, arbitrary: call('BITPOS', key, bit, place, place, unit) },
  { weight: 2, arbitrary: call('BITOP', fc.constantFrom('AND', 'or', 'XOR', 'NOT', 'nor'), key, keys) },
  { weight: 4, arbitrary: call('BITFIELD', key, operations) },
  { weight: 2, arbitrary: call('BITFIELD_RO', key, options(get, get, set)) },
  { weight: 1, arbitrary: call('DEL', key) },
);

export const bitmapFamily: Family = {
  name: 'bitmap',
  suites: [oneClient({ title: 'bitmaps and bit fields', isObserved: true, calls: nearlyValid(bitmaps), runs: 120 })],
};
