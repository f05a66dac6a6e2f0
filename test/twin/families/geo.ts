import * as fc from 'fast-check';
import { anyInteger, call, floatText, key, nearlyValid, options, word } from '../calls.ts';
import { oneClient } from '../one-client.ts';
import type { Family } from '../suite.ts';

const degrees = (max: number): fc.Arbitrary<string> => fc.integer({ min: -max, max }).map(String);
const longitude = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.oneof(
      degrees(180),
      fc.integer({ min: 2300, max: 2400 }).map((hundredths) => String(hundredths / 100)),
    ),
  },
  { weight: 1, arbitrary: floatText },
);
const latitude = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.oneof(
      degrees(85),
      fc.integer({ min: 3700, max: 3800 }).map((hundredths) => String(hundredths / 100)),
    ),
  },
  { weight: 1, arbitrary: floatText },
);
const member = fc.constantFrom('p', 'q', 'r', 's', '1', '');
const unit = fc.constantFrom('m', 'KM', 'ft', 'mi', 'km', 'ell');
const size = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom('0', '1', '100', '5000', '20000', '1e7', '0.5') },
  { weight: 1, arbitrary: floatText },
);
const count = fc.oneof({ weight: 4, arbitrary: fc.constantFrom('1', '2', '10') }, anyInteger);
const order = fc.constantFrom('ASC', 'desc');
const extras = options(
  word('WITHCOORD'),
  word('WITHHASH'),
  word('WITHDIST'),
  order,
  fc.tuple(word('COUNT'), count),
  fc.tuple(word('COUNT'), count, word('ANY')),
);
// The scores that STOREDIST makes differ in the last digit of a double between mathematical libraries.
const stores = options(fc.tuple(word('STORE'), key), order, fc.tuple(word('COUNT'), count), word('ANY'));
const from = fc.oneof(fc.tuple(word('FROMMEMBER'), member), fc.tuple(word('FROMLONLAT'), longitude, latitude));
const by = fc.oneof(fc.tuple(word('BYRADIUS'), size, unit), fc.tuple(word('BYBOX'), size, size, unit));
const place = fc.tuple(longitude, latitude, member);
const members = fc.array(member, { minLength: 1, maxLength: 3 });

const geo = fc.oneof(
  {
    weight: 6,
    arbitrary: call(
      'GEOADD',
      key,
      options(word('NX'), word('XX'), word('CH')),
      fc.array(place, { minLength: 1, maxLength: 3 }).map((places) => places.flat()),
    ),
  },
  call('ZADD', key, fc.constantFrom('0', '1', '-1', '4503599627370495', '1e18', '0.5'), member),
  call('GEOPOS', key, members),
  call('GEOHASH', key, members),
  { weight: 2, arbitrary: call('GEODIST', key, member, member, options(unit)) },
  { weight: 3, arbitrary: call('GEOSEARCH', key, from, by, extras) },
  { weight: 1, arbitrary: call('GEOSEARCH', key, by, from, extras, from) },
  {
    weight: 2,
    arbitrary: call(
      'GEOSEARCHSTORE',
      key,
      key,
      from,
      by,
      options(order, fc.tuple(word('COUNT'), count), fc.tuple(word('COUNT'), count, word('ANY'))),
    ),
  },
  { weight: 2, arbitrary: call('GEORADIUS', key, longitude, latitude, size, unit, fc.oneof(extras, stores)) },
  { weight: 2, arbitrary: call('GEORADIUSBYMEMBER', key, member, size, unit, fc.oneof(extras, stores)) },
  call('GEORADIUS_RO', key, longitude, latitude, size, unit, extras),
  call('GEORADIUSBYMEMBER_RO', key, member, size, unit, fc.oneof(extras, stores)),
  call('DEL', key),
);

export const geoFamily: Family = {
  name: 'geo',
  suites: [oneClient({ title: 'geo', isObserved: true, calls: nearlyValid(geo), runs: 150 })],
};
