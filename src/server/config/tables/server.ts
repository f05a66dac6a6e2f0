/** Parameters of the process, its network and its clients. */
import { bool, choice, flags, integer, INT_MAX, LONG_MAX, UINT_MAX } from '../parameter.ts';
import { memory, optionalText, special, text } from '../parameter.ts';
import { expandProcessTitle } from '../process-title.ts';
import { bindType, bufferLimitsType, initialBind, initialBufferLimits, oomScoresType } from '../special-types.ts';
import type { ParseContext } from '../value-types.ts';

const MIB = 1024 ** 2;

function refuseTitleTemplate(template: string, context: ParseContext<string>): string | null {
  if (expandProcessTitle(template, context.titleVariables())) return null;
  return 'template format is invalid or contains unknown variables';
}

function refuseShutdownFlags(value: readonly string[]): string | null {
  if (!value.includes('save') || !value.includes('nosave')) return null;
  return "shutdown options SAVE and NOSAVE can't be used simultaneously";
}

const shutdownFlags = ['save', 'nosave', 'now', 'force'] as const;
const permissions = ['no', 'yes', 'local'] as const;

export const networkParameters = [
  special('bind', bindType, initialBind, { multiArgument: true }),
  optionalText('bind-source-addr'),
  integer('port', 6379, 0, 65535),
  integer('tcp-backlog', 511, 0, INT_MAX, { immutable: true }),
  integer('tcp-keepalive', 300, 0, INT_MAX),
  integer('socket-mark-id', 0, 0, UINT_MAX, { immutable: true, unsigned: true }),
  optionalText('unixsocket', { immutable: true }),
  integer('unixsocketperm', 0, 0, 0o777, { immutable: true, unsigned: true, notation: 'octal' }),
  bool('protected-mode', true),
  optionalText('requirepass', { sensitive: true, binary: true }),
  integer('timeout', 0, 0, INT_MAX),
  integer('maxclients', 10000, 1, UINT_MAX, { unsigned: true }),
  special('client-output-buffer-limit', bufferLimitsType, initialBufferLimits, { multiArgument: true }),
  memory('client-query-buffer-limit', 1024 * MIB, MIB, LONG_MAX, { unsigned: true }),
  memory('proto-max-bulk-len', 512 * MIB, MIB, LONG_MAX),
] as const;

export const processParameters = [
  bool('daemonize', false, { immutable: true }),
  choice('supervised', 'no', ['upstart', 'systemd', 'auto', 'no'], { immutable: true }),
  optionalText('pidfile', { immutable: true }),
  bool('set-proc-title', true, { immutable: true }),
  text('proc-title-template', '{title} {listen-addr} {server-mode}', { refuse: refuseTitleTemplate }),
  bool('always-show-logo', false, { immutable: true }),
  text('ignore-warnings', ''),
  flags('shutdown-on-sigint', 'default', shutdownFlags, refuseShutdownFlags),
  flags('shutdown-on-sigterm', 'default', shutdownFlags, refuseShutdownFlags),
  integer('shutdown-timeout', 10, 0, INT_MAX),
  integer('io-threads', 1, 1, 128, { immutable: true }),
  bool('io-threads-do-reads', false, { immutable: true }),
  optionalText('server_cpulist', { immutable: true }),
  optionalText('bio_cpulist', { immutable: true }),
  optionalText('aof_rewrite_cpulist', { immutable: true }),
  optionalText('bgsave_cpulist', { immutable: true }),
  bool('disable-thp', true, { immutable: true }),
  choice('oom-score-adj', 'no', ['no', 'yes', 'relative', 'absolute'], { synonyms: { relative: 'yes' } }),
  special('oom-score-adj-values', oomScoresType, { value: [0, 200, 800], text: '0 200 800' }, { multiArgument: true }),
  bool('crash-log-enabled', true),
  bool('crash-memcheck-enabled', true),
  bool('use-exit-on-panic', false, { hidden: true }),
  integer('watchdog-period', 0, 0, INT_MAX, { hidden: true }),
  integer('hz', 10, 0, INT_MAX),
  bool('dynamic-hz', true),
] as const;

export const securityParameters = [
  text('aclfile', '', { immutable: true }),
  integer('acllog-max-len', 128, 0, LONG_MAX),
  choice('acl-pubsub-default', 'resetchannels', ['allchannels', 'resetchannels']),
  choice('enable-protected-configs', 'no', permissions, { immutable: true }),
  choice('enable-debug-command', 'no', permissions, { immutable: true }),
  choice('enable-module-command', 'no', permissions, { immutable: true }),
] as const;
