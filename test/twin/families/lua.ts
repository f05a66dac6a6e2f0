/** The language itself: random programs and written ones, which return the same or fail with the same words. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as fc from 'fast-check';
import { luaProgram } from '../lua/programs.ts';
import { oneClient } from '../one-client.ts';
import type { Call, Family } from '../suite.ts';

const FOLDER = new URL('../lua/snippets/', import.meta.url);

/** One a line. */
const snippets = readdirSync(fileURLToPath(FOLDER))
  .flatMap((file) => readFileSync(new URL(file, FOLDER), 'latin1').split('\n'))
  .filter((line) => line !== '' && !line.startsWith('--'));

function evaluated(script: string): Call {
  return ['EVAL', script, '0'];
}

/** Tables and functions show where they lie in memory, and JavaScript knows one NaN only, without a sign. */
function withoutAddresses(_call: Call, reply: string): string {
  return reply
    .replace(/^\$\d+\r\n/gm, '$\r\n')
    .replace(/0x[0-9a-f]{6,}/g, '0x')
    .replace(/-nan/g, 'nan');
}

export const luaFamily: Family = {
  name: 'lua',
  suites: [
    oneClient({
      title: 'programs',
      calls: fc.oneof(
        { arbitrary: luaProgram.map(evaluated), weight: 99 },
        // Servers keep every script until then, and long runs play a hundred thousand.
        { arbitrary: fc.constant<Call>(['SCRIPT', 'FLUSH']), weight: 1 },
      ),
      comparable: withoutAddresses,
      stepsMax: 3,
      runs: 150,
    }),
    oneClient({
      title: 'snippets',
      calls: fc.constantFrom(...snippets).map(evaluated),
      comparable: withoutAddresses,
      runs: 60,
    }),
  ],
};
