/** Places in sorted sets: the rows of all commands of the group, and those that look members up. Searches: geo-search.ts. */
import { Arguments } from '../core/arguments.ts';
import { fail, SYNTAX_ERROR } from '../core/errors.ts';
import { bytesOf } from '../core/latin1.ts';
import { distanceMeters, geohashText, scoreOf } from '../data/geohash.ts';
import { KIND } from '../data/value.ts';
import type { Context } from './context.ts';
import { memberPlace, placeAt, sendDistance, sendPlace, unitAt } from './geo-arguments.ts';
import {
  georadius,
  georadiusbymember,
  georadiusbymemberRo,
  georadiusRo,
  geosearch,
  geosearchstore,
} from './geo-search.ts';
import { family, keyAt, type KeySpec } from './row.ts';
import { zadd } from './sorted-set-write.ts';

/** Places become scores; ZADD does the rest. */
function geoadd(c: Context): void {
  const { args } = c;
  let first = 2;
  const given = { nx: false, xx: false };
  for (; first < args.count; first++) {
    if (args.is(first, 'nx')) given.nx = true;
    else if (args.is(first, 'xx')) given.xx = true;
    else if (!args.is(first, 'ch')) break;
  }
  if ((args.count - first) % 3 !== 0 || (given.nx && given.xx)) fail(SYNTAX_ERROR);
  const words: Uint8Array[] = [bytesOf('zadd')];
  for (let i = 1; i < first; i++) words.push(args.view(i));
  for (let i = first; i < args.count; i += 3) {
    words.push(bytesOf(String(scoreOf(placeAt(c, i)))), args.view(i + 2));
  }
  const changesBefore = c.services.changes;
  c.args = Arguments.ofBuffers(words);
  try {
    zadd(c);
  } finally {
    c.args = args;
  }
  if (c.services.propagates && c.services.changes !== changesBefore) c.propagateInstead(words);
}

function geodist(c: Context): void {
  if (c.args.count > 5) fail(SYNTAX_ERROR);
  const unit = c.args.count === 5 ? unitAt(c, 4) : 1;
  const entry = c.readKind(1, KIND.zset);
  const from = memberPlace(c, entry, 2);
  const to = memberPlace(c, entry, 3);
  if (from === null || to === null) c.reply.nil();
  else sendDistance(c, distanceMeters(from, to) / unit);
}

function geohash(c: Context): void {
  const entry = c.readKind(1, KIND.zset);
  c.reply.array(c.args.count - 2);
  for (let i = 2; i < c.args.count; i++) {
    const place = memberPlace(c, entry, i);
    if (place === null) c.reply.nil();
    else c.reply.bulkBinary(geohashText(place));
  }
}

function geopos(c: Context): void {
  const entry = c.readKind(1, KIND.zset);
  c.reply.array(c.args.count - 2);
  for (let i = 2; i < c.args.count; i++) {
    const place = memberPlace(c, entry, i);
    if (place === null) c.reply.nilArray();
    else sendPlace(c, place);
  }
}

// --------------------------------------------------------------------------------------------------------------- rows

const UNIT = 'unit=<M | KM | FT | MI>';
const WITH = '[WITHCOORD] [WITHDIST] [WITHHASH]';
const ORDER = 'order=[ASC | DESC]';
const ANY = 'count=[COUNT count:integer [ANY]]';
const ANY_SINCE = 'count=[COUNT count:integer [ANY]@6.2.0]';
const STORE = '[STORE key#1] [STOREDIST key#2]';
const SEARCH =
  'from=<FROMMEMBER member | FROMLONLAT longitude_latitude=<longitude:double latitude:double>> ' +
  `by=<circle=<BYRADIUS radius:double ${UNIT}> | box=<BYBOX width:double height:double ${UNIT}>> ${ORDER} ${ANY}`;
const SEARCH_COMPLEXITY = 'O(N+log(M)) for N members in the cells around the shape, of M members in all';

/** The key, and the destinations behind STORE and STOREDIST, searched from an argument on. */
function radiusKeys(from: number): KeySpec[] {
  const find = { last: 0, step: 1, limit: 0 };
  return [
    ...keyAt(1, 'RO access'),
    { flags: 'OW update', begin: { keyword: 'STORE', from }, find },
    { flags: 'OW update', begin: { keyword: 'STOREDIST', from }, find },
  ];
}

export const geoCommands = family('geo', [
  {
    name: 'geoadd',
    arity: -5,
    flags: ['write', 'denyoom'],
    keys: keyAt(1, 'RW update'),
    since: '3.2.0',
    summary: 'Adds places to a sorted set, or moves them',
    complexity: 'O(log(N)) for each place',
    syntax:
      'key condition=[NX | XX]@6.2.0 change=[CH]@6.2.0 longitude_latitude_member=<longitude:double latitude:double member> ...',
    history: [['6.2.0', 'Added the `CH`, `NX` and `XX` options.']],
    run: geoadd,
  },
  {
    name: 'geodist',
    arity: -4,
    flags: ['readonly'],
    keys: keyAt(1, 'RO access'),
    since: '3.2.0',
    summary: 'Replies the distance between two members',
    complexity: 'O(1)',
    syntax: 'key member1 member2 unit=[M | KM | FT | MI]',
    run: geodist,
  },
  {
    name: 'geohash',
    arity: -2,
    flags: ['readonly'],
    keys: keyAt(1, 'RO access'),
    since: '3.2.0',
    summary: 'Replies the places of members as geohashes of eleven letters',
    complexity: 'O(1) for each member',
    syntax: 'key member ...',
    run: geohash,
  },
  {
    name: 'geopos',
    arity: -2,
    flags: ['readonly'],
    keys: keyAt(1, 'RO access'),
    since: '3.2.0',
    summary: 'Replies the longitudes and latitudes of members',
    complexity: 'O(1) for each member',
    syntax: 'key member ...',
    run: geopos,
  },
  {
    name: 'georadius',
    arity: -6,
    flags: ['write', 'denyoom', 'movablekeys'],
    keys: radiusKeys(6),
    since: '3.2.0',
    summary: 'Finds the members within a circle around a place, and may store them',
    complexity: SEARCH_COMPLEXITY,
    syntax: `key longitude:double latitude:double radius:double ${UNIT} ${WITH} ${ANY_SINCE} ${ORDER} ${STORE}`,
    history: [
      ['6.2.0', 'Added the `ANY` option for `COUNT`.'],
      ['7.0.0', 'Added support for uppercase unit names.'],
    ],
    deprecated: { since: '6.2.0', instead: '`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` argument' },
    run: georadius,
  },
  {
    name: 'georadius_ro',
    arity: -6,
    flags: ['readonly'],
    keys: keyAt(1, 'RO access'),
    since: '3.2.10',
    summary: 'Finds the members within a circle around a place',
    complexity: SEARCH_COMPLEXITY,
    syntax: `key longitude:double latitude:double radius:double ${UNIT} ${WITH} ${ANY_SINCE} ${ORDER}`,
    history: [['6.2.0', 'Added the `ANY` option for `COUNT`.']],
    deprecated: { since: '6.2.0', instead: '`GEOSEARCH` with the `BYRADIUS` argument' },
    run: georadiusRo,
  },
  {
    name: 'georadiusbymember',
    arity: -5,
    flags: ['write', 'denyoom', 'movablekeys'],
    keys: radiusKeys(5),
    since: '3.2.0',
    summary: 'Finds the members within a circle around another one, and may store them',
    complexity: SEARCH_COMPLEXITY,
    syntax: `key member radius:double ${UNIT} ${WITH} ${ANY} ${ORDER} ${STORE}`,
    deprecated: {
      since: '6.2.0',
      instead: '`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` and `FROMMEMBER` arguments',
    },
    run: georadiusbymember,
  },
  {
    name: 'georadiusbymember_ro',
    arity: -5,
    flags: ['readonly'],
    keys: keyAt(1, 'RO access'),
    since: '3.2.10',
    summary: 'Finds the members within a circle around another one',
    complexity: SEARCH_COMPLEXITY,
    syntax: `key member radius:double ${UNIT} ${WITH} ${ANY} ${ORDER}`,
    deprecated: { since: '6.2.0', instead: '`GEOSEARCH` with the `BYRADIUS` and `FROMMEMBER` arguments' },
    run: georadiusbymemberRo,
  },
  {
    name: 'geosearch',
    arity: -7,
    flags: ['readonly'],
    keys: keyAt(1, 'RO access'),
    since: '6.2.0',
    summary: 'Finds the members within a circle or a box',
    complexity: SEARCH_COMPLEXITY,
    syntax: `key ${SEARCH} ${WITH}`,
    history: [['7.0.0', 'Added support for uppercase unit names.']],
    run: geosearch,
  },
  {
    name: 'geosearchstore',
    arity: -8,
    flags: ['write', 'denyoom'],
    keys: [...keyAt(1, 'OW update'), ...keyAt(2, 'RO access')],
    since: '6.2.0',
    summary: 'Stores the members within a circle or a box',
    complexity: SEARCH_COMPLEXITY,
    syntax: `destination:key source:key ${SEARCH} [STOREDIST]`,
    history: [['7.0.0', 'Added support for uppercase unit names.']],
    run: geosearchstore,
  },
]);
