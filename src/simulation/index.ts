/** `resplica/simulation`: worlds, and runs of topologies under faults in them. */
export * from '../sim/index.ts';
export { type Checker, Counts, type MakeChecker, type Violation } from './checker.ts';
export { type EntryOf, type Fact, History, type HistoryEntry, type OpPhase, type Reply } from './history.ts';
export type { LostWrite, MakeWorkload, Outcome, PlayOptions, Run, Workload } from './run.ts';
export {
  type ClientOp,
  type ClusterSpec,
  type Fault,
  type FaultKind,
  type Knobs,
  type Op,
  parseSchedule,
  type ReplicationSpec,
  type Schedule,
  type ScheduleInput,
  scheduleOf,
  type SentinelSpec,
  type Step,
  type TopologyInput,
  type TopologySpec,
} from './schedule.ts';
