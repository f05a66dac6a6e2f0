/**
 * H5: what a server must still have when it comes back by its own files. `appendfsync always` keeps whatever was answered,
 * `everysec` what is two seconds old; and what only the process lost, and not the machine, is in the file either way.
 *
 * A power loss after a kill takes what neither life has had the time to sync.
 *
 * While a replica's first file after a full synchronisation is being written, its changes are not safe; nor are they when
 * the disk is full, fails or stalls. Those cases are counted, not judged.
 */
import { type Fates, isWithoutEffect, isWrite } from '../oracle/fate.ts';
import type { Leap, Watched } from '../oracle/watched.ts';
import type { Witness } from '../oracle/witness.ts';
import type { Run } from '../run.ts';
import type { FaultKind } from '../schedule.ts';
import type { Operation } from './operations.ts';

type Death = Watched['deaths'][number];

const EVERYSEC_MS = 2000;
const DISK_FAULTS: ReadonlySet<FaultKind> = new Set(['sync-eio', 'enospc', 'disk-stall', 'while-saving']);

export function durabilityProblems(
  run: Run,
  witness: Witness,
  fates: Fates,
  operations: readonly Operation[],
): string[] {
  const { appendOnly } = run.schedule.knobs;
  if (appendOnly === 'off') return [];
  const restarts = [...witness.all].flatMap((watched) =>
    watched.leaps.filter(({ why, before }) => why === 'restart' && before !== null).map((leap) => ({ watched, leap })),
  );
  if (restarts.length === 0) return [];
  if (run.schedule.steps.some(({ fault }) => DISK_FAULTS.has(fault.kind))) {
    run.exemptions.add('H5 disk that fails', restarts.length);
    return [];
  }
  return restarts.flatMap(({ watched, leap }) => restartProblem(run, witness, fates, operations, watched, leap) ?? []);
}

/**
 * Whether a life lasted long enough after this write, or after a later one. A process that is killed leaves its file to the
 * machine, and one that loads it syncs nothing before it has written something (flushAppendOnlyFile).
 */
function wasSynced(
  { at, end }: Operation,
  operations: readonly Operation[],
  deaths: Watched['deaths'],
  untilMs: number,
): boolean {
  return deaths.some(({ timeMs }, i) => {
    if (timeMs < end || timeMs > untilMs) return false;
    const fromMs = Math.max(end, deaths[i - 1]?.timeMs ?? 0);
    return operations.some(
      (one) =>
        one.at === at && one.outcome === 'ok' && isWrite(one) && one.end >= fromMs && one.end <= timeMs - EVERYSEC_MS,
    );
  });
}

/** How long the pause was that reached into that time: a process that stands still syncs nothing. */
function pausedMs(pauses: Watched['pauses'], fromMs: number, toMs: number): number {
  const pause = pauses.findLast((one) => one.fromMs < toMs);
  return pause === undefined || pause.toMs < fromMs ? 0 : Math.min(pause.toMs, toMs) - pause.fromMs;
}

/**
 * The death of the life that served last, before a restart. Lives in between may have ended before they had loaded their
 * files: what a power loss took then, it took from that one, which had synced no more.
 */
function deathBefore({ timeMs }: Leap, deaths: Watched['deaths'], leaps: readonly Leap[]): Death | null {
  const servedMs = leaps.findLast((one) => one.why === 'restart' && one.timeMs < timeMs)?.timeMs ?? -Infinity;
  const since = deaths.filter((one) => one.timeMs > servedMs && one.timeMs <= timeMs);
  const [first] = since;
  return first === undefined ? null : { timeMs: first.timeMs, lostPower: since.some(({ lostPower }) => lostPower) };
}

function restartProblem(
  run: Run,
  { lineage }: Witness,
  fates: Fates,
  operations: readonly Operation[],
  { node, deaths, leaps, pauses }: Watched,
  leap: Leap,
): string | null {
  const { before, after } = leap;
  const death = deathBefore(leap, deaths, leaps);
  if (death === null) return null;
  const replaced = leaps.some((leap) => leap.why === 'replaced' && leap.timeMs <= death.timeMs);
  if (replaced) {
    run.exemptions.add('H5 file after a full synchronisation');
    return null;
  }
  const isLate = run.schedule.knobs.appendOnly === 'everysec' && death.lostPower;
  const sinceMs = death.timeMs - (isLate ? EVERYSEC_MS : 0);
  run.coverage.add(`restart by an append-only file after ${death.lostPower ? 'power loss' : 'a kill'}`);
  for (const operation of operations) {
    const { at, outcome, end, words, id } = operation;
    if (outcome !== 'ok' || at !== node || end > sinceMs || !isWrite(operation) || isWithoutEffect(operation)) continue;
    const place = fates.executions.of(id)[0];
    if (place === undefined || !lineage.covers(before!, place) || lineage.covers(after, place)) continue;
    if (isLate && !wasSynced(operation, operations, deaths, death.timeMs)) {
      run.exemptions.add('H5 killed before it was synced');
      continue;
    }
    if (isLate && end > sinceMs - pausedMs(pauses, sinceMs, death.timeMs)) {
      run.exemptions.add('H5 paused before it was synced');
      continue;
    }
    const age = ((death.timeMs - end) / 1000).toFixed(3);
    return `${words.join(' ')} was acknowledged by ${node} ${age} s before it stopped, and not there when it came back`;
  }
  return null;
}
