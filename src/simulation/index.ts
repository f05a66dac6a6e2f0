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
export { knobs, kindsOf, schedules, type ScheduleOptions, topologies } from './arbitraries.ts';
export { playWith, type Script, type ScriptRun } from './own/own-run.ts';
export { SimStream, type StreamTarget } from './own/stream.ts';
export { play } from './play.ts';
export { profileOf, type Profile, profiles } from './profiles.ts';
export { assertHolds, BrokenPromise, failoverProperty, failureText, topology } from './property.ts';
export { replay } from './replay.ts';
export { scenarios } from './scenarios/all.ts';
export { playScenario, type Scenario, type ScenarioReport } from './scenarios/scenario.ts';
export { type Failure, search, type SearchOptions, type SearchReport } from './search.ts';
export type { SimTopology } from './topologies/topology.ts';
