import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  areaOf,
  cellOf,
  cellsCovering,
  distanceMeters,
  distanceWithin,
  firstScoreOf,
  geohashText,
  placeOf,
  scoreOf,
  scoresPerCell,
  type Shape,
} from '../../src/data/geohash.ts';

const degrees = (max: number): fc.Arbitrary<number> =>
  fc.integer({ min: -max * 1000, max: max * 1000 }).map((thousandths) => thousandths / 1000 + 0.0003);
const places = fc.record({ longitude: degrees(179), latitude: degrees(85) });

describe('a geohash', () => {
  it('of a well-known place is the one that everybody else computes', () => {
    const palermo = placeOf(scoreOf({ longitude: 13.361389, latitude: 38.115556 }));
    expect(scoreOf({ longitude: 13.361389, latitude: 38.115556 })).toBe(3479099956230698);
    expect(geohashText(palermo)).toBe('sqc8b49rny0');
    const catania = placeOf(scoreOf({ longitude: 15.087269, latitude: 37.502669 }));
    expect(distanceMeters(palermo, catania)).toBeCloseTo(166274.1516, 3);
  });

  it('leads back to within a meter of the place', () => {
    fc.assert(
      fc.property(places, (place) => {
        expect(distanceMeters(place, placeOf(scoreOf(place)))).toBeLessThan(1);
      }),
    );
  });

  it('of a coarser grid begins the range of scores of its cell', () => {
    fc.assert(
      fc.property(places, fc.integer({ min: 1, max: 26 }), (place, step) => {
        const cell = cellOf(place, step);
        const first = firstScoreOf(cell);
        const score = scoreOf(place);
        expect(score).toBeGreaterThanOrEqual(first);
        expect(score).toBeLessThan(first + scoresPerCell(step));
        const area = areaOf(cell);
        expect(place.longitude).toBeGreaterThanOrEqual(area.west);
        expect(place.latitude).toBeLessThanOrEqual(area.north);
      }),
    );
  });
});

describe('a search', () => {
  it('looks into cells that hold every place of the shape', () => {
    // Away from the poles and the edge of the map, where Redis' estimate is known to be rough.
    const centers = fc.record({ longitude: degrees(120), latitude: degrees(60) });
    fc.assert(
      fc.property(centers, fc.integer({ min: 1, max: 500_000 }), fc.array(places), (center, radius, others) => {
        const shape: Shape = { center, radius, width: 0, height: 0 };
        const cells = cellsCovering(shape);
        const near = others.map(({ longitude, latitude }) => ({
          longitude: center.longitude + longitude / 60,
          latitude: center.latitude + latitude / 60,
        }));
        for (const place of near) {
          if (Number.isNaN(distanceWithin(shape, place))) continue;
          const score = scoreOf(place);
          const isCovered = cells.some((cell) => {
            const first = firstScoreOf(cell);
            return score >= first && score < first + scoresPerCell(cell.step);
          });
          expect(isCovered).toBe(true);
        }
      }),
    );
  });
});
