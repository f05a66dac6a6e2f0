/**
 * The three suites that Redis ships and the units in each.
 *
 * Units that look at the C program itself rather than at a server are not run: OOM scores, TLS builds, memory that a
 * fork dismisses, allocator fragmentation, and the fuzzer that needs a debug build.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const SUITES = ['unit', 'sentinel', 'cluster'] as const;
export type Suite = (typeof SUITES)[number];

/** One file of tests: `unit/type/string` of the unit suite, `02-failover` of the cluster suite. */
export interface Unit {
  readonly suite: Suite;
  readonly name: string;
}

/** Numbers per suite and unit, as expected.json holds them. */
export type Counts = Readonly<Record<Suite, Readonly<Record<string, number>>>>;

const NOT_APPLICABLE = new Set([
  'unit/oom-score-adj',
  'unit/tls',
  'unit/memefficiency',
  'integration/dismiss-mem',
  'integration/corrupt-dump-fuzzer',
]);

/** Lists the units of a suite in the order in which Redis runs them. `sourceFolder` is the unpacked source. */
export function listUnits(sourceFolder: string, suite: Suite): string[] {
  if (suite !== 'unit') {
    const names = readdirSync(join(sourceFolder, 'tests', suite, 'tests'));
    return names
      .filter((name) => /^\d.*\.tcl$/.test(name))
      .map((name) => name.slice(0, -'.tcl'.length))
      .sort();
  }
  const helper = readFileSync(join(sourceFolder, 'tests/test_helper.tcl'), 'utf8');
  const list = /set ::all_tests \{([^}]*)\}/.exec(helper)?.[1];
  if (list === undefined) throw new Error('tests/test_helper.tcl has no list of units');
  return list.split(/\s+/).filter((name) => name !== '' && !NOT_APPLICABLE.has(name));
}

/** Picks the units that `patterns` name; a trailing `*` stands for any rest. Throws for a pattern that names none. */
export function selectUnits(available: readonly string[], patterns: readonly string[]): string[] {
  const chosen = patterns.flatMap((pattern) => {
    const matches = available.filter((name) =>
      pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern,
    );
    if (matches.length > 0) return matches;
    const near = available.filter((name) => name.includes(pattern)).slice(0, 5);
    throw new Error(`No unit is named ${pattern}.${near.length > 0 ? ` Did you mean ${near.join(', ')}?` : ''}`);
  });
  return [...new Set(chosen)];
}
