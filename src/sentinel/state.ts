/**
 * What a sentinel knows: itself, the masters that it watches, and around each master its replicas and the other
 * sentinels. All three are an `Instance`; which fields count depends on its kind.
 *
 * Nothing here does anything. The modules beside it are functions over this state, that take the time as a number
 * and leave what has to be done outside (save, send, publish) to an outbox. Times are Unix milliseconds of the wall
 * clock, as Redis takes them: a jump of that clock is what TILT is for. 0 means "never" where not said otherwise.
 *
 * Epochs are unsigned 64-bit numbers on the wire and in the file, so they are bigints here.
 *
 * Facts: sentinel.c, sentinelRedisInstance, instanceLink, sentinelState.
 */
import type { ReplyValue } from '../client/reply-parser.ts';

/** Bits of `Instance.flags`, as sentinel.c numbers them. */
export const FLAG = {
  master: 1 << 0,
  replica: 1 << 1,
  sentinel: 1 << 2,
  /** This sentinel by itself holds it for down. */
  sDown: 1 << 3,
  /** Of a master: a quorum of sentinels holds it for down. */
  oDown: 1 << 4,
  /** Of a sentinel: it has told that the master is down. */
  masterDown: 1 << 5,
  failoverInProgress: 1 << 6,
  /** Of a replica: it was chosen to become the master. */
  promoted: 1 << 7,
  /** Of a replica: it was told its new master. */
  reconfSent: 1 << 8,
  /** ... has named that master in its INFO. */
  reconfInProgress: 1 << 9,
  /** ... and is in sync with it. */
  reconfDone: 1 << 10,
  /** The failover goes on without an election, and with a master that is up. */
  forceFailover: 1 << 11,
  /** SCRIPT KILL was sent to an instance that answers BUSY. */
  scriptKillSent: 1 << 12,
  /** Of a master: its run id changed, and it has not answered PONG since. */
  masterReboot: 1 << 13,
} as const;

export type FailoverState =
  'none' | 'wait_start' | 'select_slave' | 'send_slaveof_noone' | 'wait_promotion' | 'reconf_slaves' | 'update_config';

/** How far a failover has come, to compare states with. */
export const FAILOVER_ORDER: Readonly<Record<FailoverState, number>> = {
  none: 0,
  wait_start: 1,
  select_slave: 2,
  send_slaveof_noone: 3,
  wait_promotion: 4,
  reconf_slaves: 5,
  update_config: 6,
};

/** Where an instance is. */
export interface InstanceAddress {
  /** A name or an address, as it was given. */
  readonly hostname: string;
  /** The address; '' while the name could not be resolved. */
  readonly ip: string;
  readonly port: number;
}

/** A connection of a link, as the state sees it. Its other side is in the driver. */
export interface LinkConnection {
  /** Our address on this connection; null while it is not established. */
  readonly localIp: string | null;
  /** Commands without a reply yet. */
  readonly unanswered: number;
  /** Queues a command for the end of the turn. `answered` gets its reply, unless the connection breaks before. */
  send(args: readonly string[], answered: ((reply: ReplyValue) => void) | null): void;
  /** Closes it; nobody is told. */
  close(): void;
}

/**
 * The connections to an instance, and what they tell about its health. The objects of one sentinel under several masters
 * share one link.
 */
export class InstanceLink {
  /** Instances that share the link. */
  refcount = 1;
  /** A connection that is needed is missing. */
  disconnected = true;
  /** The connection for commands. */
  cc: LinkConnection | null = null;
  /** The connection subscribed to hellos; sentinels have none. */
  pc: LinkConnection | null = null;
  ccConnTime = 0;
  pcConnTime = 0;
  /** When the last message came on `pc`. */
  pcLastActivity = 0;
  /** When a PING last got a reply that means "alive and well". */
  lastAvailTime: number;
  /** When the oldest PING without such a reply was sent; 0 when none waits. */
  actPingTime: number;
  lastPingTime = 0;
  /** When a PING last got any reply. */
  lastPongTime: number;
  /** When it was last tried to connect. */
  lastReconnTime = 0;

  constructor(nowMs: number) {
    this.lastAvailTime = nowMs;
    this.actPingTime = nowMs;
    this.lastPongTime = nowMs;
  }

  /** Commands without a reply yet. */
  get pendingCommands(): number {
    return (this.cc?.unanswered ?? 0) + (this.pc?.unanswered ?? 0);
  }
}

export class Instance {
  /** Bits of FLAG. */
  flags: number;
  /** Of a master the configured name, of a replica `ip:port`, of a sentinel its id. */
  name: string;
  /** Of a server the run id from its INFO, of a sentinel its id; null while unknown. */
  runid: string | null = null;
  configEpoch = 0n;
  addr: InstanceAddress;
  link: InstanceLink;
  /** When a hello was last published there with success. */
  lastPubTime: number;
  /** Of a sentinel: when a hello last came from it. */
  lastHelloTime: number;
  /** Of a sentinel: when it last answered whether the master is down. */
  lastMasterDownReplyTime: number;
  sDownSinceTime = 0;
  oDownSinceTime = 0;
  /** Silence for longer than this is SDOWN. */
  downAfterPeriod: number;
  /** A master that restarted and does not answer PONG for that long is SDOWN; 0 switches it off. */
  masterRebootDownAfterPeriod = 0;
  masterRebootSinceTime = 0;
  /** When INFO last came; 0 if it never did. */
  infoRefresh = 0;
  /** Upper-case name of a command to what it is called there, and how it was spelt here. */
  renamedCommands = new Map<string, { readonly from: string; readonly to: string }>();

  /** What INFO says that it is, and since when. */
  roleReported: 'master' | 'replica';
  roleReportedTime: number;
  /** When a replica last named another master. */
  slaveConfChangeTime: number;

  // Of masters.
  /** Other sentinels by id. */
  sentinels = new Map<string, Instance>();
  /** Replicas by `ip:port`. */
  replicas = new Map<string, Instance>();
  quorum: number;
  parallelSyncs = 1;
  authPass: string | null = null;
  authUser: string | null = null;

  // Of replicas.
  /** For how long the replica has been without its master, in ms. */
  masterLinkDownTime = 0;
  slavePriority = 100;
  replicaAnnounced = true;
  slaveReconfSentTime = 0;
  /** Of replicas and sentinels: the master that they belong to. */
  master: Instance | null = null;
  slaveMasterHost: string | null = null;
  slaveMasterPort = 0;
  slaveMasterLinkUp = false;
  slaveReplOffset = 0n;

  // Failover.
  /** Of a master: who got our vote. Of a sentinel: who got its vote. */
  leader: string | null = null;
  leaderEpoch = 0n;
  failoverEpoch = 0n;
  failoverState: FailoverState = 'none';
  failoverStateChangeTime = 0;
  /** When a failover was last started, by us or, as far as our vote tells, by somebody else. */
  failoverStartTime = 0;
  failoverTimeout: number;
  /** For which `failoverStartTime` the delay was logged. */
  failoverDelayLogged = 0;
  promotedReplica: Instance | null = null;

  notificationScript: string | null = null;
  clientReconfigScript: string | null = null;
  /** The last INFO, whole. */
  info: string | null = null;
  /** It was removed: replies to it and timers for it are void. */
  isReleased = false;

  constructor(kind: number, name: string, addr: InstanceAddress, nowMs: number, defaults: Periods) {
    this.flags = kind;
    this.name = name;
    this.addr = addr;
    this.link = new InstanceLink(nowMs);
    this.quorum = 0;
    this.lastPubTime = nowMs;
    this.lastHelloTime = nowMs;
    this.lastMasterDownReplyTime = nowMs;
    this.downAfterPeriod = defaults.defaultDownAfter;
    this.failoverTimeout = defaults.defaultFailoverTimeout;
    this.roleReported = (kind & FLAG.replica) === 0 ? 'master' : 'replica';
    this.roleReportedTime = nowMs;
    this.slaveConfChangeTime = nowMs;
  }

  has(flag: number): boolean {
    return (this.flags & flag) !== 0;
  }

  get isMaster(): boolean {
    return (this.flags & FLAG.master) !== 0;
  }

  get isReplica(): boolean {
    return (this.flags & FLAG.replica) !== 0;
  }

  get isSentinel(): boolean {
    return (this.flags & FLAG.sentinel) !== 0;
  }

  /** SDOWN or ODOWN. */
  get isDown(): boolean {
    return (this.flags & (FLAG.sDown | FLAG.oDown)) !== 0;
  }
}

/** Durations in ms that SENTINEL DEBUG can change. */
export interface Periods {
  infoPeriod: number;
  pingPeriod: number;
  askPeriod: number;
  publishPeriod: number;
  defaultDownAfter: number;
  defaultFailoverTimeout: number;
  tiltTrigger: number;
  tiltPeriod: number;
  slaveReconfTimeout: number;
  minLinkReconnectPeriod: number;
  electionTimeout: number;
  scriptMaxRuntime: number;
  scriptRetryDelay: number;
}

export function defaultPeriods(): Periods {
  return {
    infoPeriod: 10_000,
    pingPeriod: 1000,
    askPeriod: 1000,
    publishPeriod: 2000,
    defaultDownAfter: 30_000,
    defaultFailoverTimeout: 180_000,
    tiltTrigger: 2000,
    tiltPeriod: 30_000,
    slaveReconfTimeout: 10_000,
    minLinkReconnectPeriod: 15_000,
    electionTimeout: 10_000,
    scriptMaxRuntime: 60_000,
    scriptRetryDelay: 30_000,
  };
}

/** Bits of `SentinelState.simulatedFailures`. */
export const FAILURE = { crashAfterElection: 1, crashAfterPromotion: 2 } as const;

export class SentinelState {
  /** 40 hex digits; '' until it is read from the file or drawn. */
  myid = '';
  currentEpoch = 0n;
  /** By configured name. */
  readonly masters = new Map<string, Instance>();
  tilt = false;
  tiltStartTime = 0;
  /** When the timer last ran. */
  previousTime: number;
  /** What other sentinels are told instead of the address that they would see. */
  announceIp: string | null = null;
  announcePort = 0;
  /** Bits of FAILURE. */
  simulatedFailures = 0;
  denyScriptsReconfig = true;
  sentinelAuthPass: string | null = null;
  sentinelAuthUser: string | null = null;
  resolveHostnames = false;
  announceHostnames = false;
  readonly periods: Periods = defaultPeriods();

  constructor(nowMs: number) {
    this.previousTime = nowMs;
  }
}

export const HELLO_CHANNEL = '__sentinel__:hello';
export const DEFAULT_REPLICA_PRIORITY = 100;
export const DEFAULT_PARALLEL_SYNCS = 1;
/** Commands without a reply that a link may hold, per instance that shares it. */
export const PENDING_COMMANDS_MAX = 100;
