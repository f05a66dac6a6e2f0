/**
 * One schedule, one history. `npm run determinism` holds that for hundreds of schedules and several versions of Node; here
 * are a few, and leaks of the ambient world that are planted into the product and must be noticed.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { profiles } from '../../src/simulation/profiles.ts';
import { FIXED_SEED } from '../support/fixed-seed.ts';
import { differenceOfRuns } from './determinism/twice.ts';
import { bundlePlayer } from './mutants/bundle.ts';
import { order } from './mutants/hunt.ts';
import { CRASH, type Edit } from './mutants/mutant.ts';
import type { Report } from './mutants/player.ts';

const TIMEOUT_MS = 240_000;
const SCHEDULES = 2;
const FEED = 'src/replication/change-feed.ts';
const PING = 'this.#state.buffer.append(PING);';

/** A leak at the place where masters let their replicas know that they are there. */
function leak(code: string): Edit {
  return { file: FEED, find: PING, replace: `${code}\n    ${PING}` };
}

describe('a schedule has one history', { timeout: TIMEOUT_MS }, () => {
  it.each(profiles.map((profile) => [profile.name, profile] as const))('of %s', (_, profile) => {
    const schedules = fc.sample(profile.schedules('narrow'), { numRuns: SCHEDULES, seed: FIXED_SEED });
    expect(schedules.map(differenceOfRuns)).toEqual(schedules.map(() => null));
  });
});

describe('players in processes of their own', { timeout: TIMEOUT_MS }, () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'resplica-leaks-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  async function playTwice(name: string, edits: readonly Edit[]): Promise<readonly [Report, Report]> {
    const player = join(folder, `${name}.mjs`);
    await bundlePlayer(edits, player);
    const focus = { kinds: ['kill'], knobs: { opsPerSecond: 10 } } as const;
    const what = { profile: 'replication', seed: FIXED_SEED, schedules: SCHEDULES, focus } as const;
    const first = await order(player, { kind: 'hashes', ...what });
    const second = await order(player, { kind: 'hashes', ...what });
    return [first, second];
  }

  it('come to the same history', async () => {
    const [one, two] = await playTwice('none', []);
    expect(one.hashes).toEqual(two.hashes);
    expect(new Set(one.hashes).size).toBe(SCHEDULES);
  });

  it.each([
    ['the clock', 'Date.now();', 'Date.now was called inside the simulation'],
    ['a timer', 'setImmediate(() => {});', 'setImmediate was called inside the simulation'],
  ])('stop where %s leaks in', async (_, code, message) => {
    const player = join(folder, 'leak.mjs');
    await bundlePlayer([leak(code)], player);
    const what = { kind: 'search', profile: 'replication', seed: FIXED_SEED, schedules: 1 } as const;
    const { failure } = await order(player, what);
    expect(failure?.checker).toBe(CRASH);
    expect(failure?.text).toContain(message);
  });

  it('show by their hashes what no guard can catch', async () => {
    // A PING with the process id in it.
    const ping = "'*2\\r\\n$4\\r\\nping\\r\\n$' + id.length + '\\r\\n' + id + '\\r\\n'";
    const tell = `const id = String(process.pid); this.#state.buffer.append(Buffer.from(${ping}));`;
    const [one, two] = await playTwice('process', [leak(tell)]);
    expect(one.hashes).not.toEqual(two.hashes);
  });
});
