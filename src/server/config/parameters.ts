/**
 * All parameters of redis-server 7.0.15: 178, five of them hidden, nineteen with a second name.
 *
 * The rows stand in tables/, by subject. Here they become one list, a lookup by any of their names, and the types
 * that follow from them. To add a parameter, add its row: CONFIG GET, SET and REWRITE, the file grammar and
 * `ConfigValues` know it then.
 */
import type { Parameter } from './parameter.ts';
import { dataParameters, memoryParameters } from './tables/data.ts';
import { loggingParameters } from './tables/logging.ts';
import { persistenceParameters } from './tables/persistence.ts';
import { clusterParameters, replicationParameters } from './tables/replication.ts';
import { networkParameters, processParameters, securityParameters } from './tables/server.ts';
import { tlsParameters } from './tables/tls.ts';

const rows = [
  ...networkParameters,
  ...processParameters,
  ...securityParameters,
  ...loggingParameters,
  ...memoryParameters,
  ...dataParameters,
  ...persistenceParameters,
  ...replicationParameters,
  ...clusterParameters,
  ...tlsParameters,
] as const;

type Row = (typeof rows)[number];
export type ParameterName = Row['name'];
/** The value of every parameter, by its name in redis.conf. */
export type ConfigValues = { readonly [R in Row as R['name']]: R extends Parameter<string, infer V> ? V : never };

/** In the order in which CONFIG GET lists them and CONFIG REWRITE appends them. Redis' own order is random. */
export const parameters: readonly Parameter<ParameterName>[] = rows;

export interface NamedParameter {
  /** The name or the second name, as it is printed. */
  readonly spelling: string;
  readonly parameter: Parameter<ParameterName>;
}

/** By every name, in lower case; a second name follows its first. */
export const parametersByName: ReadonlyMap<string, NamedParameter> = new Map(
  parameters.flatMap((parameter) => {
    const { alias } = parameter.rules;
    const names = alias === undefined ? [parameter.name] : [parameter.name, alias];
    return names.map((spelling): [string, NamedParameter] => [spelling, { spelling, parameter }]);
  }),
);
