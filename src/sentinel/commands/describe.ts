/** An instance as SENTINEL MASTER, REPLICAS and SENTINELS describe it: a map of names to bulk strings. */
import type { Reply } from '../../protocol/reply.ts';
import { announcedHost } from '../addresses.ts';
import { FLAG, type Instance, type SentinelState } from '../state.ts';

type Field = readonly [name: string, value: string | number | bigint];

/** Flags by the names that clients see, in their order; `disconnected` is none, but stands among them. */
const FLAG_NAMES: readonly (readonly [string, keyof typeof FLAG | null])[] = [
  ['s_down', 'sDown'],
  ['o_down', 'oDown'],
  ['master', 'master'],
  ['slave', 'replica'],
  ['sentinel', 'sentinel'],
  ['disconnected', null],
  ['master_down', 'masterDown'],
  ['failover_in_progress', 'failoverInProgress'],
  ['promoted', 'promoted'],
  ['reconf_sent', 'reconfSent'],
  ['reconf_inprog', 'reconfInProgress'],
  ['reconf_done', 'reconfDone'],
  ['force_failover', 'forceFailover'],
  ['script_kill_sent', 'scriptKillSent'],
];

export function replyInstance(reply: Reply, state: SentinelState, instance: Instance, nowMs: number): void {
  const fields = [
    ...commonFields(state, instance, nowMs),
    ...(instance.isSentinel ? sentinelFields(instance, nowMs) : serverFields(instance, nowMs)),
    ...(instance.isMaster ? masterFields(instance) : []),
    ...(instance.isReplica ? replicaFields(instance) : []),
  ];
  reply.map(fields.length);
  for (const [name, value] of fields) {
    reply.bulkBinary(name);
    reply.bulkBinary(String(value));
  }
}

/** An array of instances. Replicas that do not want to be announced are left out. */
export function replyInstances(reply: Reply, state: SentinelState, instances: Iterable<Instance>, nowMs: number): void {
  const shown = [...instances].filter((instance) => !instance.isReplica || instance.replicaAnnounced);
  reply.array(shown.length);
  for (const instance of shown) replyInstance(reply, state, instance, nowMs);
}

function commonFields(state: SentinelState, instance: Instance, nowMs: number): Field[] {
  const { link } = instance;
  return [
    ['name', instance.name],
    ['ip', announcedHost(state, instance.addr)],
    ['port', instance.addr.port],
    ['runid', instance.runid ?? ''],
    ['flags', flagNames(instance)],
    ['link-pending-commands', link.pendingCommands],
    ['link-refcount', link.refcount],
    ...when(instance.has(FLAG.failoverInProgress), ['failover-state', instance.failoverState]),
    ['last-ping-sent', link.actPingTime === 0 ? 0 : nowMs - link.actPingTime],
    ['last-ok-ping-reply', nowMs - link.lastAvailTime],
    ['last-ping-reply', nowMs - link.lastPongTime],
    ...when(instance.has(FLAG.sDown), ['s-down-time', nowMs - instance.sDownSinceTime]),
    ...when(instance.has(FLAG.oDown), ['o-down-time', nowMs - instance.oDownSinceTime]),
    ['down-after-milliseconds', instance.downAfterPeriod],
  ];
}

function serverFields(instance: Instance, nowMs: number): Field[] {
  return [
    ['info-refresh', instance.infoRefresh === 0 ? 0 : nowMs - instance.infoRefresh],
    ['role-reported', instance.roleReported === 'master' ? 'master' : 'slave'],
    ['role-reported-time', nowMs - instance.roleReportedTime],
  ];
}

function masterFields(master: Instance): Field[] {
  return [
    ['config-epoch', BigInt.asIntN(64, master.configEpoch)],
    ['num-slaves', master.replicas.size],
    ['num-other-sentinels', master.sentinels.size],
    ['quorum', master.quorum],
    ['failover-timeout', master.failoverTimeout],
    ['parallel-syncs', master.parallelSyncs],
    ...when(master.notificationScript !== null, ['notification-script', master.notificationScript ?? '']),
    ...when(master.clientReconfigScript !== null, ['client-reconfig-script', master.clientReconfigScript ?? '']),
  ];
}

function replicaFields(replica: Instance): Field[] {
  return [
    ['master-link-down-time', replica.masterLinkDownTime],
    ['master-link-status', replica.slaveMasterLinkUp ? 'ok' : 'err'],
    ['master-host', replica.slaveMasterHost ?? '?'],
    ['master-port', replica.slaveMasterPort],
    ['slave-priority', replica.slavePriority],
    ['slave-repl-offset', replica.slaveReplOffset],
    ['replica-announced', replica.replicaAnnounced ? 1 : 0],
  ];
}

function sentinelFields(sentinel: Instance, nowMs: number): Field[] {
  return [
    ['last-hello-message', nowMs - sentinel.lastHelloTime],
    ['voted-leader', sentinel.leader ?? '?'],
    ['voted-leader-epoch', BigInt.asIntN(64, sentinel.leaderEpoch)],
  ];
}

function when(condition: boolean, field: Field): Field[] {
  return condition ? [field] : [];
}

function flagNames(instance: Instance): string {
  const isSet = (flag: keyof typeof FLAG | null): boolean =>
    flag === null ? instance.link.disconnected : instance.has(FLAG[flag]);
  return FLAG_NAMES.filter(([, flag]) => isSet(flag))
    .map(([name]) => name)
    .join(',');
}
