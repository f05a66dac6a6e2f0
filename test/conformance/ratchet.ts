/**
 * The ratchet: how many tests of each unit this project passes, committed, and never to go down.
 *
 * ratchet.json holds `{ passed, ci }` per unit; `ci` marks the quick units that run on every change. `--update-ratchet`
 * only ever raises a count. To lower one on purpose, edit the file and say why in the commit.
 */
import { SUITES, type Suite, type Unit } from './suites.ts';

export interface RatchetEntry {
  readonly passed: number;
  readonly ci: boolean;
}

export type Ratchet = Readonly<Record<Suite, Readonly<Record<string, RatchetEntry>>>>;

export interface PassedCount extends Unit {
  readonly passed: number;
  /** What went wrong; only the number of entries counts here. */
  readonly failures: readonly unknown[];
}

/**
 * Units that draw the number of their tests by chance or by the clock: fewer is worse only if one of them failed. The
 * cluster's 03-failover-loop kills a node 19 times; each time it has six tests, and two more if that was a master.
 */
const DRAWN_BY_CHANCE = new Set(['unit integration/psync2', 'unit integration/psync2-reg', 'cluster 03-failover-loop']);

export interface Regression extends Unit {
  readonly passed: number;
  readonly held: number;
}

/** The units whose count fell below what the ratchet holds. A unit that it does not know cannot regress. */
export function findRegressions(ratchet: Ratchet, counts: readonly PassedCount[]): Regression[] {
  return counts
    .map((count) => ({ ...count, held: ratchet[count.suite][count.name]?.passed ?? 0 }))
    .filter((count) => count.passed < count.held && !isFewByChance(count));
}

function isFewByChance({ suite, name, failures }: PassedCount): boolean {
  return failures.length === 0 && DRAWN_BY_CHANCE.has(`${suite} ${name}`);
}

/** The units that now pass more than the ratchet holds. */
export function findGains(ratchet: Ratchet, counts: readonly PassedCount[]): Regression[] {
  return counts
    .map((count) => ({ ...count, held: ratchet[count.suite][count.name]?.passed ?? 0 }))
    .filter((count) => count.passed > count.held);
}

/** A ratchet that holds the higher of the old and the new count of every unit. New units stay out of the CI share. */
export function raiseRatchet(ratchet: Ratchet, counts: readonly PassedCount[]): Ratchet {
  const raised = structuredClone(ratchet) as Record<Suite, Record<string, RatchetEntry>>;
  for (const { suite, name, passed } of counts) {
    const held = raised[suite][name];
    raised[suite][name] = { passed: Math.max(passed, held?.passed ?? 0), ci: held?.ci ?? false };
  }
  return raised;
}

/** The units that run on every change, of all suites. */
export function ciShare(ratchet: Ratchet): Unit[] {
  return SUITES.flatMap((suite) =>
    Object.entries(ratchet[suite])
      .filter(([, entry]) => entry.ci)
      .map(([name]) => ({ suite, name })),
  );
}

export function parseRatchet(text: string): Ratchet {
  const value = JSON.parse(text) as Partial<Record<Suite, Record<string, Partial<RatchetEntry>>>>;
  for (const suite of SUITES) {
    for (const [name, entry] of Object.entries(value[suite] ?? {})) {
      const { passed, ci } = entry;
      if (!Number.isInteger(passed) || passed! < 0 || typeof ci !== 'boolean') {
        throw new Error(`ratchet.json: ${suite} ${name} needs "passed", a count, and "ci", true or false.`);
      }
    }
  }
  return { unit: {}, sentinel: {}, cluster: {}, ...value } as Ratchet;
}

/** One line per unit, sorted by name, so that a change of one count is a change of one line. */
export function formatRatchet(ratchet: Ratchet): string {
  const suites = SUITES.map((suite) => {
    const units = Object.keys(ratchet[suite])
      .sort()
      .map((name) => {
        const { passed, ci } = ratchet[suite][name]!;
        return `    ${JSON.stringify(name)}: { "passed": ${passed}, "ci": ${ci} }`;
      });
    return `  ${JSON.stringify(suite)}: {${units.length === 0 ? '' : `\n${units.join(',\n')}\n  `}}`;
  });
  return `{\n${suites.join(',\n')}\n}\n`;
}
