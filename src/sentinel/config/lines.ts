/**
 * sentinel.conf, the way back: the lines that describe the state, as redis-sentinel writes them and in its order.
 *
 * What has its default value is not written, and lines that say it disappear. While a failover is under way, the file
 * names the promoted replica as master already, and the old master as its replica.
 */
import { repr } from '../../core/repr.ts';
import { splitArguments } from '../../core/split-args.ts';
import type { RewriteLine } from '../../server/config/value-types.ts';
import { announcedHost, isAddress, isSameAddress } from '../addresses.ts';
import { currentMasterAddress } from '../instances.ts';
import { DEFAULT_PARALLEL_SYNCS, type Instance, type InstanceAddress, type SentinelState } from '../state.ts';

/** Directives whose old lines disappear when no new one takes their place. */
const OF_MASTERS = [
  'monitor',
  'down-after-milliseconds',
  'failover-timeout',
  'parallel-syncs',
  'notification-script',
  'client-reconfig-script',
  'auth-pass',
  'auth-user',
  'master-reboot-down-after-period',
  'config-epoch',
  'leader-epoch',
  'known-replica',
  'known-slave',
  'known-sentinel',
  'rename-command',
];

/** What CONFIG REWRITE writes about the state. */
export function sentinelLines(state: SentinelState): RewriteLine[] {
  return [
    line('myid', state.myid),
    flag('deny-scripts-reconfig', state.denyScriptsReconfig, true),
    flag('resolve-hostnames', state.resolveHostnames, false),
    flag('announce-hostnames', state.announceHostnames, false),
    ...[...state.masters.values()].flatMap((master) => masterLines(state, master)),
    line('current-epoch', state.currentEpoch),
    optional('announce-ip', state.announceIp === null ? null : repr(state.announceIp)),
    optional('announce-port', state.announcePort || null),
    optional('sentinel-user', word(state.sentinelAuthUser)),
    optional('sentinel-pass', word(state.sentinelAuthPass)),
    ...OF_MASTERS.map((name) => optional(name, null)),
  ];
}

function masterLines(state: SentinelState, master: Instance): RewriteLine[] {
  const { defaultDownAfter, defaultFailoverTimeout } = state.periods;
  const current = currentMasterAddress(master);
  const place = (address: InstanceAddress): string => `${hostOf(state, address)} ${address.port}`;
  const name = word(master.name)!;
  const own = (directive: string, ...words: unknown[]): RewriteLine => line(directive, name, ...words);
  /** Written only if it is not null. */
  const unlessNull = (directive: string, value: string | number | null): RewriteLine[] =>
    value === null ? [] : [own(directive, value)];
  const unlessDefault = (directive: string, value: number, initial: number): RewriteLine[] =>
    unlessNull(directive, value === initial ? null : value);
  return [
    own('monitor', place(current), master.quorum),
    ...unlessDefault('down-after-milliseconds', master.downAfterPeriod, defaultDownAfter),
    ...unlessDefault('failover-timeout', master.failoverTimeout, defaultFailoverTimeout),
    ...unlessDefault('parallel-syncs', master.parallelSyncs, DEFAULT_PARALLEL_SYNCS),
    ...unlessNull('notification-script', word(master.notificationScript)),
    ...unlessNull('client-reconfig-script', word(master.clientReconfigScript)),
    ...unlessNull('auth-pass', word(master.authPass)),
    ...unlessNull('auth-user', word(master.authUser)),
    ...unlessDefault('master-reboot-down-after-period', master.masterRebootDownAfterPeriod, 0),
    own('config-epoch', master.configEpoch),
    own('leader-epoch', master.leaderEpoch),
    ...known(state, master.replicas).map(({ addr }) =>
      own('known-replica', place(isSameAddress(addr, current) ? master.addr : addr)),
    ),
    ...known(state, master.sentinels)
      .filter(({ runid }) => runid !== null)
      .map(({ addr, runid }) => own('known-sentinel', place(addr), word(runid))),
    ...[...master.renamedCommands.values()].map(({ from, to }) => own('rename-command', word(from), word(to))),
  ];
}

/** A name that could not be resolved is tried again after the next start. */
function hostOf(state: SentinelState, address: InstanceAddress): string {
  return announcedHost(state, address) || address.hostname;
}

/** Those that the file can name: if names are not resolved any more, a line with one would keep us from starting. */
function known(state: SentinelState, instances: ReadonlyMap<string, Instance>): Instance[] {
  return [...instances.values()].filter(({ addr }) => state.resolveHostnames || isAddress(hostOf(state, addr)));
}

function line(directive: string, ...words: unknown[]): RewriteLine {
  return { option: `sentinel ${directive}`, line: `sentinel ${directive} ${words.join(' ')}`, force: true };
}

function optional(directive: string, value: string | number | null): RewriteLine {
  return value === null ? { option: `sentinel ${directive}`, line: null, force: false } : line(directive, value);
}

/** Written where the file has it already, or where it is not the default. */
function flag(directive: string, value: boolean, initial: boolean): RewriteLine {
  return { ...line(directive, value ? 'yes' : 'no'), force: value !== initial };
}

/** A value as one word. redis-sentinel writes it as it is, and cannot read back what is not one. */
function word(value: string | null): string | null {
  if (value === null) return null;
  const words = splitArguments(value);
  return words?.length === 1 && words[0] === value ? value : repr(value);
}
