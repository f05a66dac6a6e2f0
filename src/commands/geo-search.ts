/**
 * GEOSEARCH, GEOSEARCHSTORE and the older GEORADIUS commands: one search with different arguments.
 *
 * The shape is covered by up to nine cells of a grid; each is a range of scores. What lies in the cells is measured one
 * by one (geohash.ts).
 */
import { fail, SYNTAX_ERROR } from '../core/errors.ts';
import {
  cellsCovering,
  distanceWithin,
  firstScoreOf,
  type Place,
  placeOf,
  scoresPerCell,
  type Shape,
} from '../data/geohash.ts';
import { NONE } from '../data/heap.ts';
import { KIND } from '../data/value.ts';
import { storeZset, zsetAt } from '../data/zset-entry.ts';
import { ByteRange, ScoreRange, type ZsetReader, firstInRange } from '../data/zset-reader.ts';
import { ZsetValue } from '../data/zset-value.ts';
import type { Context } from './context.ts';
import { memberPlace, placeAt, sendDistance, sendPlace, unitAt } from './geo-arguments.ts';
import { NOTIFY } from './notify-class.ts';

interface Form {
  /** Argument index of the source. */
  readonly source: number;
  /** GEOSEARCH and GEOSEARCHSTORE say in words where and how far to search. */
  readonly search: boolean;
  /** STORE and STOREDIST name a key. */
  readonly mayStore: boolean;
}

interface Search {
  center: Place | null;
  fromMember: boolean;
  fromPlace: boolean;
  radius: number | null;
  width: number;
  height: number;
  hasShape: boolean;
  unit: number;
  withDistance: boolean;
  withHash: boolean;
  withCoordinates: boolean;
  order: 'none' | 'asc' | 'desc';
  /** 0 for all. */
  count: number;
  any: boolean;
  /** Argument index of the destination, 0 for none. */
  store: number;
  storesDistance: boolean;
}

interface Found {
  readonly member: Buffer;
  readonly score: number;
  readonly place: Place;
  readonly meters: number;
}

export function georadius(c: Context): void {
  radiusAround(c, true);
}

export function georadiusRo(c: Context): void {
  radiusAround(c, false);
}

export function georadiusbymember(c: Context): void {
  radiusAroundMember(c, true);
}

export function georadiusbymemberRo(c: Context): void {
  radiusAroundMember(c, false);
}

export function geosearch(c: Context): void {
  const entry = c.readKind(1, KIND.zset);
  const search = emptySearch();
  parseOptions(c, entry, 2, search, { source: 1, search: true, mayStore: false });
  run(c, entry, search, 'geosearchstore');
}

export function geosearchstore(c: Context): void {
  const entry = c.readKind(2, KIND.zset);
  const search = { ...emptySearch(), store: 1 };
  parseOptions(c, entry, 3, search, { source: 2, search: true, mayStore: true });
  run(c, entry, search, 'geosearchstore');
}

function radiusAround(c: Context, mayStore: boolean): void {
  const entry = c.readKind(1, KIND.zset);
  const search = emptySearch();
  search.center = placeAt(c, 2);
  parseRadius(c, 4, search);
  parseOptions(c, entry, 6, search, { source: 1, search: false, mayStore });
  run(c, entry, search, 'georadiusstore');
}

function radiusAroundMember(c: Context, mayStore: boolean): void {
  const entry = c.readKind(1, KIND.zset);
  const search = emptySearch();
  if (entry !== NONE) {
    search.center = memberPlace(c, entry, 2) ?? fail('ERR could not decode requested zset member');
    parseRadius(c, 3, search);
  }
  parseOptions(c, entry, 5, search, { source: 1, search: false, mayStore });
  run(c, entry, search, 'georadiusstore');
}

function emptySearch(): Search {
  return {
    center: null,
    fromMember: false,
    fromPlace: false,
    radius: null,
    width: 0,
    height: 0,
    hasShape: false,
    unit: 1,
    withDistance: false,
    withHash: false,
    withCoordinates: false,
    order: 'none',
    count: 0,
    any: false,
    store: 0,
    storesDistance: false,
  };
}

// ---------------------------------------------------------------------------------------------------------- arguments

function parseRadius(c: Context, index: number, search: Search): void {
  const radius = c.double(index, 'ERR need numeric radius');
  if (radius < 0) fail('ERR radius cannot be negative');
  search.unit = unitAt(c, index + 1);
  search.radius = radius * search.unit;
}

function parseBox(c: Context, index: number, search: Search): void {
  const width = c.double(index, 'ERR need numeric width');
  const height = c.double(index + 1, 'ERR need numeric height');
  if (width < 0 || height < 0) fail('ERR height or width cannot be negative');
  search.unit = unitAt(c, index + 2);
  search.width = width * search.unit;
  search.height = height * search.unit;
}

function parseOptions(c: Context, entry: number, from: number, search: Search, form: Form): void {
  for (let i = from; i < c.args.count; i++) {
    const used = parseFlag(c, i, search) ?? parseStore(c, i, search, form) ?? parseWhere(c, entry, i, search, form);
    i += used ?? fail(SYNTAX_ERROR);
  }
  checkOptions(c, search, form);
}

/** @returns how many more arguments the option takes, or null if it is another one. */
function parseFlag(c: Context, i: number, search: Search): number | null {
  const { args } = c;
  if (args.is(i, 'withdist')) search.withDistance = true;
  else if (args.is(i, 'withhash')) search.withHash = true;
  else if (args.is(i, 'withcoord')) search.withCoordinates = true;
  else if (args.is(i, 'any')) search.any = true;
  else if (args.is(i, 'asc')) search.order = 'asc';
  else if (args.is(i, 'desc')) search.order = 'desc';
  else if (args.is(i, 'count') && i + 1 < args.count) {
    search.count = c.integer(i + 1);
    if (search.count <= 0) fail('ERR COUNT must be > 0');
    return 1;
  } else return null;
  return 0;
}

function parseStore(c: Context, i: number, search: Search, form: Form): number | null {
  const { args } = c;
  const isDistance = args.is(i, 'storedist');
  if (form.search) {
    if (!isDistance || !form.mayStore) return null;
    search.storesDistance = true;
    return 0;
  }
  if (!form.mayStore || i + 1 >= args.count || (!isDistance && !args.is(i, 'store'))) return null;
  search.store = i + 1;
  search.storesDistance = isDistance;
  return 1;
}

function parseWhere(c: Context, entry: number, i: number, search: Search, form: Form): number | null {
  const { args } = c;
  const left = args.count - i - 1;
  if (!form.search) return null;
  if (args.is(i, 'frommember') && left >= 1 && !search.fromPlace) {
    // Without the source there is nothing to find, but the rest of the request is still checked.
    if (entry !== NONE) {
      search.center = memberPlace(c, entry, i + 1) ?? fail('ERR could not decode requested zset member');
    }
    search.fromMember = true;
    return 1;
  }
  if (args.is(i, 'fromlonlat') && left >= 2 && !search.fromMember) {
    search.center = placeAt(c, i + 1);
    search.fromPlace = true;
    return 2;
  }
  if (args.is(i, 'byradius') && left >= 2 && (!search.hasShape || search.radius !== null)) {
    parseRadius(c, i + 1, search);
    search.hasShape = true;
    return 2;
  }
  if (args.is(i, 'bybox') && left >= 3 && (!search.hasShape || search.radius === null)) {
    parseBox(c, i + 1, search);
    search.hasShape = true;
    return 3;
  }
  return null;
}

function checkOptions(c: Context, search: Search, form: Form): void {
  if (search.store > 0 && (search.withDistance || search.withHash || search.withCoordinates)) {
    const who = form.search ? 'GEOSEARCHSTORE' : 'STORE option in GEORADIUS';
    fail(`ERR ${who} is not compatible with WITHDIST, WITHHASH and WITHCOORD options`);
  }
  const name = c.args.binary(0);
  if (form.search && !search.fromMember && !search.fromPlace) {
    fail(`ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for ${name}`);
  }
  if (form.search && !search.hasShape) fail(`ERR exactly one of BYRADIUS and BYBOX can be specified for ${name}`);
  if (search.any && search.count === 0) fail('ERR the ANY argument requires COUNT argument');
}

// ------------------------------------------------------------------------------------------------------------- search

function run(c: Context, entry: number, search: Search, event: string): void {
  const found = entry === NONE ? [] : find(c, entry, search);
  if (search.store > 0) store(c, found, search, event);
  else reply(c, found, search);
}

function find(c: Context, entry: number, search: Search): Found[] {
  const shape: Shape = {
    center: search.center!,
    radius: search.radius,
    width: search.width,
    height: search.height,
  };
  const set = zsetAt(c.db, entry);
  const limit = search.any ? search.count : Infinity;
  const found: Found[] = [];
  let last = -1;
  for (const [index, cell] of cellsCovering(shape).entries()) {
    const first = firstScoreOf(cell);
    // Around very large shapes a cell is its own neighbour. Redis compares with the one before, but for the first two.
    if (index > 1 && first === last) continue;
    if (found.length >= limit) break;
    collect(set, shape, first, first + scoresPerCell(cell.step), limit, found);
    last = first;
  }
  return sorted(found, search);
}

/** Members with scores from `min` to below `max` that lie in the shape. */
function collect(set: ZsetReader, shape: Shape, min: number, max: number, limit: number, found: Found[]): void {
  const range = new ScoreRange(min, false, max, true);
  const bytes = new ByteRange();
  for (let member = firstInRange(set, range); member !== NONE; member = set.next(member)) {
    if (range.isAbove(set, member)) return;
    const score = set.score(member);
    const place = placeOf(score);
    const meters = distanceWithin(shape, place);
    if (Number.isNaN(meters)) continue;
    set.locate(member, bytes);
    found.push({ member: Buffer.from(bytes.bytes.subarray(bytes.start, bytes.end)), score, place, meters });
    if (found.length >= limit) return;
  }
}

/** With COUNT, the nearest come first unless ANY or an order says otherwise. */
function sorted(found: Found[], { order, count, any }: Search): Found[] {
  const isAscending = order === 'asc' || (order === 'none' && count > 0 && !any);
  if (isAscending) found.sort((a, b) => a.meters - b.meters);
  else if (order === 'desc') found.sort((a, b) => b.meters - a.meters);
  return count > 0 ? found.slice(0, count) : found;
}

// ------------------------------------------------------------------------------------------------------------- result

function reply(c: Context, found: readonly Found[], search: Search): void {
  const { reply } = c;
  const extras = Number(search.withDistance) + Number(search.withHash) + Number(search.withCoordinates);
  reply.array(found.length);
  for (const { member, score, place, meters } of found) {
    if (extras > 0) reply.array(extras + 1);
    reply.bulkBytes(member);
    if (search.withDistance) sendDistance(c, meters / search.unit);
    if (search.withHash) reply.bigInteger(BigInt(Math.trunc(score)));
    if (search.withCoordinates) sendPlace(c, place);
  }
}

function store(c: Context, found: readonly Found[], search: Search, event: string): void {
  const { args, db, services } = c;
  const start = args.starts[search.store]!;
  const end = args.ends[search.store]!;
  if (found.length > 0) {
    const value = new ZsetValue(c.keyspace);
    for (const { member, score, meters } of found) {
      value.add(member, 0, member.length, search.storesDistance ? meters / search.unit : score);
    }
    storeZset(db, args.bytes, start, end, value, services.settings.zsetLimits);
    c.changed(search.store, NOTIFY.zset, event, found.length);
  } else {
    const old = db.stored(args.bytes, start, end);
    if (old !== NONE) {
      db.remove(old, 'server');
      c.changed(search.store, NOTIFY.generic, 'del');
    }
  }
  c.reply.integer(found.length);
}
