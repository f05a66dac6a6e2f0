/**
 * Periods of the machine that redis-server does not let anybody configure. Whoever runs clusters for tests may be in a hurry:
 * what an election waits for in vain is a matter of how long a message takes from one machine to another.
 */
export interface ClusterPace {
  /** How long a master that was started waits before it serves: until it has heard of what happened meanwhile. */
  readonly writableDelayMs: number;
  /** From the failure of a master to the election: until then the news has reached everybody. */
  readonly electionDelayMs: number;
  /** So much longer at most, by chance. */
  readonly electionRandomMs: number;
  /** So much longer for each sibling that has more of the data. */
  readonly electionRankMs: number;
  /** Votes count at least that long; it is two node timeouts if that is longer. After twice that time comes another try. */
  readonly votingMinMs: number;
}

export const REDIS_PACE: ClusterPace = {
  writableDelayMs: 2000,
  electionDelayMs: 500,
  electionRandomMs: 500,
  electionRankMs: 1000,
  votingMinMs: 2000,
};
