/** Parameters of logging and of what a server observes about itself. */
import { bool, choice, integer, INT_MAX, INT_MIN, LONG_MAX, special, text } from '../parameter.ts';
import { initialPercentiles, percentilesType } from '../special-types.ts';

const facilities = ['user', 'local0', 'local1', 'local2', 'local3', 'local4', 'local5', 'local6', 'local7'] as const;

export const loggingParameters = [
  choice('loglevel', 'notice', ['debug', 'verbose', 'notice', 'warning']),
  text('logfile', '', { immutable: true }),
  bool('syslog-enabled', false, { immutable: true }),
  text('syslog-ident', 'redis', { immutable: true }),
  choice('syslog-facility', 'local0', facilities, { immutable: true }),
  integer('slowlog-log-slower-than', 10000, -1, LONG_MAX),
  integer('slowlog-max-len', 128, 0, LONG_MAX),
  integer('latency-monitor-threshold', 0, 0, LONG_MAX),
  bool('latency-tracking', true),
  special('latency-tracking-info-percentiles', percentilesType, initialPercentiles, { multiArgument: true }),
  integer('rdb-key-save-delay', 0, INT_MIN, INT_MAX, { hidden: true }),
  integer('key-load-delay', 0, INT_MIN, INT_MAX, { hidden: true }),
] as const;
