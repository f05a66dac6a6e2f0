/**
 * Geohashes: a place on earth as a cell of a grid with 2^step columns and rows, and as the cell's number on the curve
 * that interleaves the bits of column and row. Redis keeps places as such numbers of 52 bits (step 26) in the scores of
 * a sorted set, so cells of a coarser grid are ranges of scores.
 *
 * Columns divide longitudes from -180 to 180, rows latitudes from -85.05112878 to 85.05112878 (the square that web maps
 * show). Formulas and their order of operations are those of geohash.c and geohash_helper.c, so that the same doubles
 * come out.
 */
export const STEP_MAX = 26;
export const LONGITUDE_MAX = 180;
export const LATITUDE_MAX = 85.05112878;
const EARTH_RADIUS_METERS = 6372797.560856;
const MERCATOR_MAX_METERS = 20037726.37;
const RADIANS = Math.PI / 180;
const ALPHABET = '0123456789bcdefghjkmnpqrstuvwxyz';

export interface Place {
  readonly longitude: number;
  readonly latitude: number;
}

export interface Cell {
  readonly column: number;
  readonly row: number;
  readonly step: number;
}

export interface Area {
  readonly west: number;
  readonly east: number;
  readonly south: number;
  readonly north: number;
}

/** The cell that a place lies in. */
export function cellOf({ longitude, latitude }: Place, step: number, latitudeMax = LATITUDE_MAX): Cell {
  const cells = 2 ** step;
  const row = Math.floor(((latitude + latitudeMax) / (2 * latitudeMax)) * cells);
  const column = Math.floor(((longitude + LONGITUDE_MAX) / (2 * LONGITUDE_MAX)) * cells);
  return { column, row, step };
}

export function areaOf({ column, row, step }: Cell): Area {
  const cells = 2 ** step;
  const height = 2 * LATITUDE_MAX;
  const width = 2 * LONGITUDE_MAX;
  return {
    south: -LATITUDE_MAX + (row / cells) * height,
    north: -LATITUDE_MAX + ((row + 1) / cells) * height,
    west: -LONGITUDE_MAX + (column / cells) * width,
    east: -LONGITUDE_MAX + ((column + 1) / cells) * width,
  };
}

/** The number of a cell on the curve: bits of the row at even places, of the column at odd ones. At most 52 bits. */
export function numberOf({ column, row }: Cell): number {
  const low = spread(row & 0x1fff) | (spread(column & 0x1fff) << 1);
  const high = spread(row >>> 13) | (spread(column >>> 13) << 1);
  return high * 2 ** 26 + (low >>> 0);
}

/** The first score of a cell; those of the cell are below that of the next number. */
export function firstScoreOf(cell: Cell): number {
  return numberOf(cell) * 2 ** (52 - cell.step * 2);
}

export function scoresPerCell(step: number): number {
  return 2 ** (52 - step * 2);
}

/** Puts a zero between any two of 13 bits. */
function spread(bits: number): number {
  let v = bits;
  v = (v | (v << 8)) & 0x00ff00ff;
  v = (v | (v << 4)) & 0x0f0f0f0f;
  v = (v | (v << 2)) & 0x33333333;
  return (v | (v << 1)) & 0x55555555;
}

function gather(bits: number): number {
  let v = bits & 0x55555555;
  v = (v | (v >>> 1)) & 0x33333333;
  v = (v | (v >>> 2)) & 0x0f0f0f0f;
  v = (v | (v >>> 4)) & 0x00ff00ff;
  return (v | (v >>> 8)) & 0xffff;
}

/** The score of a place: the number of its cell in the finest grid. */
export function scoreOf(place: Place): number {
  return numberOf(cellOf(place, STEP_MAX));
}

/** The middle of the cell that a score stands for. Any double is a score; it is read as a 64-bit integer, as C does. */
export function placeOf(score: number): Place {
  const bits = BigInt.asUintN(64, Number.isFinite(score) ? BigInt(Math.trunc(score)) : 1n << 63n);
  const low = Number(bits & 0xffffffffn);
  const high = Number(bits >> 32n);
  const row = gather(high) * 65536 + gather(low);
  const column = gather(high >>> 1) * 65536 + gather(low >>> 1);
  const area = areaOf({ column, row, step: STEP_MAX });
  return {
    longitude: clamp((area.west + area.east) / 2, LONGITUDE_MAX),
    latitude: clamp((area.south + area.north) / 2, LATITUDE_MAX),
  };
}

function clamp(value: number, max: number): number {
  return Math.max(-max, Math.min(max, value));
}

/** The usual geohash of eleven letters, which divides latitudes from -90 to 90. We have 52 bits of its 55. */
export function geohashText(place: Place): string {
  const bits = numberOf(cellOf(place, STEP_MAX, 90));
  let text = '';
  for (let letter = 0; letter < 10; letter++) text += ALPHABET[Math.floor(bits / 2 ** (47 - letter * 5)) % 32]!;
  return `${text}0`;
}

// ---------------------------------------------------------------------------------------------------------- distances

/** Great-circle distance in meters (haversine). */
export function distanceMeters(a: Place, b: Place): number {
  const v = Math.sin((b.longitude * RADIANS - a.longitude * RADIANS) / 2);
  if (v === 0) return latitudeDistanceMeters(a.latitude, b.latitude);
  const u = Math.sin((b.latitude * RADIANS - a.latitude * RADIANS) / 2);
  const h = u * u + Math.cos(a.latitude * RADIANS) * Math.cos(b.latitude * RADIANS) * v * v;
  return 2 * EARTH_RADIUS_METERS * Math.asin(Math.sqrt(h));
}

function latitudeDistanceMeters(a: number, b: number): number {
  return EARTH_RADIUS_METERS * Math.abs(b * RADIANS - a * RADIANS);
}

// ------------------------------------------------------------------------------------------------------------- search

/** What is searched: a circle or a box around a place, in meters. */
export interface Shape {
  readonly center: Place;
  /** Null for a box. */
  readonly radius: number | null;
  readonly width: number;
  readonly height: number;
}

/** The distance of a place from the center if it lies in the shape, else NaN. */
export function distanceWithin(shape: Shape, place: Place): number {
  const { center, radius } = shape;
  if (radius !== null) {
    const distance = distanceMeters(center, place);
    return distance > radius ? NaN : distance;
  }
  if (latitudeDistanceMeters(place.latitude, center.latitude) > shape.height / 2) return NaN;
  const sameLatitude = { longitude: center.longitude, latitude: place.latitude };
  if (distanceMeters(place, sameLatitude) > shape.width / 2) return NaN;
  return distanceMeters(center, place);
}

function boundsOf({ center, radius, width, height }: Shape): Area {
  const { longitude, latitude } = center;
  const halfHeight = radius ?? height / 2;
  const halfWidth = radius ?? width / 2;
  const latitudeDelta = halfHeight / EARTH_RADIUS_METERS / RADIANS;
  const edge = latitude < 0 ? latitude - latitudeDelta : latitude + latitudeDelta;
  const longitudeDelta = halfWidth / EARTH_RADIUS_METERS / Math.cos(edge * RADIANS) / RADIANS;
  return {
    west: longitude - longitudeDelta,
    east: longitude + longitudeDelta,
    south: latitude - latitudeDelta,
    north: latitude + latitudeDelta,
  };
}

/** How fine a grid may be so that a cell and its neighbours still cover a circle. */
function estimateStep(radiusMeters: number, latitude: number): number {
  if (radiusMeters === 0) return STEP_MAX;
  let step = 1;
  for (let range = radiusMeters; range < MERCATOR_MAX_METERS; range *= 2) step++;
  step -= 2;
  if (Math.abs(latitude) > 66) step--;
  if (Math.abs(latitude) > 80) step--;
  return Math.max(1, Math.min(STEP_MAX, step));
}

/** Directions of the cells to search, in Redis' order: the middle, N, S, E, W, NE, NW, SE, SW. */
const DIRECTIONS: readonly (readonly [number, number])[] = [
  [0, 0],
  [0, 1],
  [0, -1],
  [1, 0],
  [-1, 0],
  [1, 1],
  [-1, 1],
  [1, -1],
  [-1, -1],
];

/**
 * The cell in a direction, around the world if need be. A place on the very edge of the map has a column or row that the
 * grid does not have; as in geohash.c it stays where nothing is found, unless the direction leads away from it.
 */
function neighbour({ column, row, step }: Cell, [east, north]: readonly [number, number]): Cell {
  const cells = 2 ** step;
  return {
    column: east === 0 ? column : (column + east + cells) % cells,
    row: north === 0 ? row : (row + north + cells) % cells,
    step,
  };
}

/** The cells that together cover a shape, in the order in which they are searched. Neighbours may be the same cell. */
export function cellsCovering(shape: Shape): Cell[] {
  const { center } = shape;
  const bounds = boundsOf(shape);
  const radius = shape.radius ?? Math.sqrt((shape.width / 2) ** 2 + (shape.height / 2) ** 2);
  let step = estimateStep(radius, center.latitude);
  let cell = cellOf(center, step);
  if (step > 1 && !neighboursReach(cell, bounds)) cell = cellOf(center, --step);
  const area = areaOf(cell);
  const chosen = DIRECTIONS.filter(([east, north]) => {
    if (step < 2) return true;
    if (north < 0 && area.south < bounds.south) return false;
    if (north > 0 && area.north > bounds.north) return false;
    if (east < 0 && area.west < bounds.west) return false;
    return !(east > 0 && area.east > bounds.east);
  });
  return chosen.map((direction) => neighbour(cell, direction));
}

function neighboursReach(cell: Cell, bounds: Area): boolean {
  return (
    areaOf(neighbour(cell, [0, 1])).north >= bounds.north &&
    areaOf(neighbour(cell, [0, -1])).south <= bounds.south &&
    areaOf(neighbour(cell, [1, 0])).east >= bounds.east &&
    areaOf(neighbour(cell, [-1, 0])).west <= bounds.west
  );
}
