/** Places, units and distances as arguments and replies of the geo commands. */
import { formatDoubleHuman, formatFixed, formatFixedPoint } from '../core/double.ts';
import { fail } from '../core/errors.ts';
import { LATITUDE_MAX, LONGITUDE_MAX, type Place, placeOf } from '../data/geohash.ts';
import { NONE } from '../data/heap.ts';
import { zsetAt } from '../data/zset-entry.ts';
import type { Context } from './context.ts';

const METERS: Readonly<Record<string, number>> = { m: 1, km: 1000, ft: 0.3048, mi: 1609.34 };

/** Longitude and latitude at two arguments. */
export function placeAt(c: Context, index: number): Place {
  const longitude = c.double(index);
  const latitude = c.double(index + 1);
  if (Math.abs(longitude) > LONGITUDE_MAX || Math.abs(latitude) > LATITUDE_MAX) {
    fail(`ERR invalid longitude,latitude pair ${formatFixed(longitude, 6)},${formatFixed(latitude, 6)}`);
  }
  return { longitude, latitude };
}

/** Meters of the unit at an argument. */
export function unitAt(c: Context, index: number): number {
  const name = Object.keys(METERS).find((unit) => c.args.is(index, unit));
  return name === undefined ? fail('ERR unsupported unit provided. please use M, KM, FT, MI') : METERS[name]!;
}

/** The place of the member at an argument, or null. */
export function memberPlace(c: Context, entry: number, index: number): Place | null {
  if (entry === NONE) return null;
  const { args } = c;
  const set = zsetAt(c.db, entry);
  const member = set.find(args.bytes, args.starts[index]!, args.ends[index]!);
  return member === NONE ? null : placeOf(set.score(member));
}

export function sendPlace(c: Context, { longitude, latitude }: Place): void {
  const { reply } = c;
  reply.array(2);
  reply.doubleText(formatDoubleHuman(longitude));
  reply.doubleText(formatDoubleHuman(latitude));
}

/** With four decimals. */
export function sendDistance(c: Context, distance: number): void {
  c.reply.bulkBinary(formatFixedPoint(distance, 4));
}
