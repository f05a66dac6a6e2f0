/** The rules by which a sentinel chooses a replica to promote, told a second time. */
import type { Sentinel } from '../../sentinel/sentinel.ts';
import { FLAG, type Instance } from '../../sentinel/state.ts';

const OFFSET_MAX = 1e15;
/** Replicas are asked for INFO that often while the master is down; older news do not count. */
const NEWS_MAX_MS = 5000;
const NEWS_OF_WELL_MASTER_MAX_MS = 30_000;
const CUT_OFF_PERIODS = 10;

/** @param payload of +selected-slave. @returns what is wrong with the choice, or null. */
export function choiceProblem({ machine }: Sentinel, master: Instance, payload: string): string | null {
  const { nowMs } = machine;
  const isDown = master.has(FLAG.sDown);
  const cutOffMaxMs = (isDown ? nowMs - master.sDownSinceTime : 0) + CUT_OFF_PERIODS * master.downAfterPeriod;
  const newsMaxMs = isDown ? NEWS_MAX_MS : NEWS_OF_WELL_MASTER_MAX_MS;
  const eligible = [...master.replicas.values()].filter(
    (replica) =>
      !replica.isDown &&
      !replica.link.disconnected &&
      replica.slavePriority > 0 &&
      nowMs - replica.link.lastAvailTime <= NEWS_MAX_MS &&
      nowMs - replica.infoRefresh <= newsMaxMs &&
      replica.masterLinkDownTime <= cutOffMaxMs,
  );
  const best = eligible
    .map((replica) => `${rankOf(replica)}|${replica.name}`)
    .toSorted()[0]
    ?.split('|')[1];
  const chosen = payload.split(' ')[1];
  return best === chosen ? null : `chooses ${chosen} where ${best} is better`;
}

/** Lower is better. */
function rankOf(replica: Instance): string {
  const priority = fieldOf(replica.info, 'slave_priority') ?? replica.slavePriority;
  const offset = fieldOf(replica.info, 'slave_repl_offset') ?? Number(replica.slaveReplOffset);
  return `${String(priority).padStart(10, '0')} ${String(OFFSET_MAX - offset).padStart(16, '0')} ${replica.runid}`;
}

/** Of INFO; a master that has been a replica says nothing of that any more. */
function fieldOf(info: string | null, name: string): number | null {
  const digits = new RegExp(`^${name}:(\\d+)\r$`, 'm').exec(info ?? '')?.[1];
  return digits === undefined ? null : Number(digits);
}
