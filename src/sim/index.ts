/** The simulator's public entry, `resplica/simulation`. */
export type { ChunkMode } from './chunking.ts';
export { checkDeterminism, type DeterminismReport, type Scenario } from './determinism.ts';
export { DeadNodeError, NondeterminismError, SimulationError } from './errors.ts';
export type { Latency, LinkShape } from './link.ts';
export type { Delay, DiskOptions, MachineDisk } from './machine-disk.ts';
export type { Arrival, Cut, Network, NetworkOptions, Nodes } from './network.ts';
export type { Main, ProcessState, SimProcess } from './process.ts';
export type { Program, ProgramRun } from './programs.ts';
export { formatEvent, type Kind, type TraceEvent } from './trace.ts';
export { type BootOptions, type RunOptions, World, type WorldOptions } from './world.ts';
