/** SENTINEL's subcommands about the masters that are watched: asking for them, adding and removing them, failing over. */
import { fail } from '../../core/errors.ts';
import { mayBlock } from '../../server/blocking.ts';
import type { Reply } from '../../protocol/reply.ts';
import { announcedHost, isAddress, isHost } from '../addresses.ts';
import { createProblemText } from '../config/load.ts';
import { announce } from '../events.ts';
import {
  createInstance,
  currentMasterAddress,
  findByAddress,
  type NewInstance,
  removeMaster,
  resetMatching,
} from '../instances.ts';
import { announceMonitor, type FailoverAnswer } from '../sentinel.ts';
import { FAILURE, FLAG, Instance } from '../state.ts';
import { replyInstance, replyInstances } from './describe.ts';
import { masterAt, saveAndReply, type SentinelHandler, type SentinelNode } from './node.ts';

const INVALID_HOST = 'ERR Invalid IP address or hostname specified';

// --------------------------------------------------------------------------------------------------------------- asking

export const masters: SentinelHandler = ({ reply }, { machine }) => {
  replyInstances(reply, machine.state, machine.state.masters.values(), machine.nowMs);
};

export const master: SentinelHandler = (c, node) => {
  replyInstance(c.reply, node.machine.state, masterAt(c, node, 2), node.machine.nowMs);
};

export const replicas: SentinelHandler = (c, node) => {
  replyInstances(c.reply, node.machine.state, masterAt(c, node, 2).replicas.values(), node.machine.nowMs);
};

export const sentinels: SentinelHandler = (c, node) => {
  replyInstances(c.reply, node.machine.state, masterAt(c, node, 2).sentinels.values(), node.machine.nowMs);
};

export const myId: SentinelHandler = ({ reply }, { machine }) => reply.bulkBinary(machine.state.myid);

export const masterAddress: SentinelHandler = ({ args, reply }, { machine: { state } }) => {
  const found = state.masters.get(args.cString(2));
  if (found === undefined) {
    reply.nilArray();
    return;
  }
  const address = currentMasterAddress(found);
  reply.array(2);
  reply.bulkBinary(announcedHost(state, address));
  reply.bulkInteger(address.port);
};

/** What a master and its replicas last said to INFO, and how long ago. Names that are unknown are left out. */
export const infoCache: SentinelHandler = ({ args, reply }, { machine: { state, nowMs } }) => {
  const asked = new Set<Instance>();
  for (let i = 2; i < args.count; i++) {
    const found = state.masters.get(args.cString(i));
    if (found !== undefined) asked.add(found);
  }
  reply.array(asked.size * 2);
  for (const each of asked) {
    reply.bulkBinary(each.name);
    reply.array(each.replicas.size + 1);
    for (const { infoRefresh, info } of [each, ...each.replicas.values()]) {
      reply.array(2);
      reply.integer(each.infoRefresh === 0 ? 0 : nowMs - infoRefresh);
      if (info === null) reply.nil();
      else reply.bulkBinary(info);
    }
  }
};

export const checkQuorum: SentinelHandler = (c, node) => {
  const { quorum, sentinels: peers } = masterAt(c, node, 2);
  const usable = 1 + [...peers.values()].filter((peer) => !peer.isDown).length;
  const majority = Math.floor((peers.size + 1) / 2) + 1;
  const missing: string[] = [];
  if (usable < quorum) {
    missing.push('Not enough available Sentinels to reach the specified quorum for this master');
  }
  if (usable < majority) {
    missing.push('Not enough available Sentinels to reach the majority and authorize a failover');
  }
  if (missing.length > 0) fail(`NOQUORUM ${usable} usable Sentinels. ${missing.join('. ')}`);
  c.reply.simple(`OK ${usable} usable Sentinels. Quorum and failover authorization can be reached`);
};

/** Another sentinel asks whether a master is down, and may want our vote to fail it over. */
export const isMasterDown: SentinelHandler = (c, { machine, sentinel }) => {
  const { args, reply } = c;
  const port = c.integer(3);
  const epoch = BigInt.asUintN(64, c.int64(4));
  const { state } = machine;
  const found = findByAddress(machine, state.masters.values(), args.cString(2), port);
  const candidate = args.cString(5);
  const vote = found === null || candidate === '*' ? null : sentinel.vote(found, epoch, candidate);
  reply.array(3);
  reply.integer(!state.tilt && found !== null && found.has(FLAG.sDown) ? 1 : 0);
  reply.bulkBinary(vote?.leader ?? '*');
  reply.bigInteger(BigInt.asIntN(64, vote?.epoch ?? 0n));
};

export const pendingScripts: SentinelHandler = ({ reply }, { scripts, machine: { nowMs } }) => {
  reply.array(scripts.jobs.length);
  for (const { argv, child, startTime, attempts } of scripts.jobs) {
    reply.map(5);
    reply.bulkBinary('argv');
    reply.bulkArray(argv);
    reply.bulkBinary('flags');
    reply.bulkBinary(child === null ? 'scheduled' : 'running');
    field(reply, 'pid', child?.pid ?? 0);
    if (child !== null) field(reply, 'run-time', nowMs - startTime);
    else field(reply, 'run-delay', startTime === 0 ? 0 : Math.max(0, startTime - nowMs));
    field(reply, 'retry-num', attempts);
  }
};

function field(reply: Reply, name: string, value: number): void {
  reply.bulkBinary(name);
  reply.bulkInteger(value);
}

// -------------------------------------------------------------------------------------------------------------- changing

export const monitor: SentinelHandler = (c, node) => {
  const { args, session, server } = c;
  const quorum = c.integer(5, 'ERR Invalid quorum');
  const port = c.integer(4, 'ERR Invalid port');
  if (quorum <= 0) fail('ERR Quorum must be 1 or greater.');
  const { names, state } = node.machine;
  const made = { kind: 'master', name: args.cString(2), host: args.cString(3), port, quorum } as const;
  if (isAddress(made.host) || (state.resolveHostnames && names.lookUp(made.host) !== null)) {
    addMaster(c, node, made);
    return;
  }
  if (!state.resolveHostnames || !isHost(made.host) || !mayBlock(session)) fail(INVALID_HOST);
  server.blocking.block(session, { kind: 'configuration', deadlineMs: 0, giveUp: null });
  names.withAddress(made.host, (ip) => {
    if (!session.isOpen) return;
    server.enter(() => {
      if (ip === null) session.reply.error(INVALID_HOST);
      else addMaster(session, node, made);
      server.blocking.unblock(session);
    });
  });
};

function addMaster(client: { readonly reply: Reply }, node: SentinelNode, made: NewInstance): void {
  const { machine } = node;
  const created = createInstance(machine, made);
  if (!(created instanceof Instance)) {
    client.reply.error(`ERR ${createProblemText('master', created)}`);
    return;
  }
  saveAndReply(client, node);
  announceMonitor(machine, created);
}

export const remove: SentinelHandler = (c, node) => {
  const found = masterAt(c, node, 2);
  announce(node.machine, '-monitor', found);
  removeMaster(node.machine, found);
  saveAndReply(c, node);
};

export const reset: SentinelHandler = ({ args, reply }, { machine }) => {
  reply.integer(resetMatching(machine, args.cString(2)));
};

export const flushConfig: SentinelHandler = saveAndReply;

export const failover: SentinelHandler = (c, node) => {
  const answer = node.sentinel.failover(masterAt(c, node, 2));
  if (answer === 'started') c.reply.ok();
  else fail(FAILOVER_REFUSALS[answer]);
};

const FAILOVER_REFUSALS: Readonly<Record<Exclude<FailoverAnswer, 'started'>, string>> = {
  'in-progress': 'INPROG Failover already in progress',
  'no-good-replica': 'NOGOODSLAVE No suitable replica to promote',
};

const FAILURES: readonly (readonly [string, number, string])[] = [
  ['crash-after-election', FAILURE.crashAfterElection, 'being successfully elected as failover leader'],
  ['crash-after-promotion', FAILURE.crashAfterPromotion, 'promoting the selected replica to master'],
];

export const simulateFailure: SentinelHandler = ({ args, reply }, { machine }) => {
  const { state } = machine;
  state.simulatedFailures = 0;
  for (let i = 2; i < args.count; i++) {
    if (args.is(i, 'help')) {
      reply.bulkArray(FAILURES.map(([name]) => name));
      return;
    }
    const found = FAILURES.find(([name]) => args.is(i, name));
    if (found === undefined) return fail('ERR Unknown failure simulation specified');
    const [, flag, when] = found;
    state.simulatedFailures |= flag;
    machine.log('warning', `Failure simulation: this Sentinel will crash after ${when}`);
  }
  reply.ok();
};
