/**
 * LOLWUT: a picture, drawn anew each time, and the version. Version 5 draws a maze of slashes, version 6 a town at
 * night; the pictures are our own, the arguments are those that Redis' pictures take.
 */
import type { Random } from '../host/host.ts';
import type { Call } from './call.ts';
import { REDIS_VERSION } from './config/config-error.ts';

export function lolwut(c: Call): void {
  const hasVersion = c.args.count >= 3 && c.args.is(1, 'version');
  const version = hasVersion ? c.integer(2) : Number(REDIS_VERSION[0]);
  const option = (index: number, initial: number, max: number): number => {
    const at = index + (hasVersion ? 3 : 1);
    return at < c.args.count ? Math.min(Math.max(c.integer(at), 1), max) : initial;
  };
  const random = c.services.random;
  let picture = '';
  if (version === 5) picture = drawMaze(random, option(0, 66, 1000), option(2, 12, 200));
  else if (version === 6) picture = drawTown(random, option(0, 80, 1000), option(1, 20, 1000));
  c.reply.verbatim(`${picture}Redis ver. ${REDIS_VERSION}\n`);
}

function drawMaze(random: Random, columns: number, rows: number): string {
  const row = (): string => Array.from({ length: columns }, () => (random.below(2) === 0 ? '╱' : '╲')).join('');
  return `${Array.from({ length: rows }, row).join('\n')}\n\nA maze of two strokes. `;
}

function drawTown(random: Random, columns: number, rows: number): string {
  const canvas = Array.from({ length: rows }, () => Array.from({ length: columns }, () => sky(random)));
  for (let left = 0; left < columns;) {
    const width = 4 + random.below(8);
    const roof = random.below(rows);
    for (let y = roof; y < rows; y++) {
      for (let x = left; x < Math.min(columns, left + width); x++) canvas[y]![x] = wall(random, x - left, y - roof);
    }
    left += width + random.below(2);
  }
  return `${canvas.map((cells) => cells.join('')).join('\n')}\n\nA town at night. `;
}

function sky(random: Random): string {
  return random.below(40) === 0 ? '.' : ' ';
}

/** Every second cell of every second floor has a window; some are lit. */
function wall(random: Random, x: number, y: number): string {
  if (x % 2 === 0 || y % 2 === 0) return '█';
  return random.below(3) === 0 ? '▒' : '█';
}
