/** The subcommands of CLUSTER that change who belongs to it, who follows whom, and epochs. */
import { fail, SYNTAX_ERROR } from '../../core/errors.ts';
import { normalIp } from '../../core/ip-address.ts';
import { failSubcommand } from '../../commands/help.ts';
import type { Call } from '../../server/call.ts';
import { NODE, DUE, EPOCH_MAX } from '../state.ts';
import { clusterOf, nodeAt } from './cluster-of.ts';

const BUS_PORT_DISTANCE = 10000;
const PORT_MAX = 65535;

export function meet(c: Call): void {
  const cluster = clusterOf(c);
  const { args } = c;
  if (args.count > 5) failSubcommand(c);
  const port = portAt(c, 3, 'base');
  const busPort = args.count === 5 ? portAt(c, 4, 'bus') : port + BUS_PORT_DISTANCE;
  const ip = normalIp(args.binary(2));
  if (ip === null || !isPort(port) || !isPort(busPort)) {
    return fail(`ERR Invalid node address specified: ${args.cString(2)}:${args.cString(3)}`);
  }
  cluster.meet(ip, port, busPort);
  c.reply.ok();
}

function portAt(c: Call, index: number, which: string): number {
  const port = c.args.int64(index);
  if (port === null) return fail(`ERR Invalid TCP ${which} port specified: ${c.args.cString(index)}`);
  return Number(BigInt.asIntN(32, port));
}

function isPort(port: number): boolean {
  return port > 0 && port <= PORT_MAX;
}

export function forget(c: Call): void {
  const cluster = clusterOf(c);
  const { state } = cluster;
  const node = nodeAt(c, 2);
  if (node === state.myself) fail("ERR I tried hard but I can't forget myself...");
  if (state.myself.isReplica && state.myself.master === node) fail("ERR Can't forget my master!");
  cluster.forget(node);
  c.reply.ok();
}

export function replicate(c: Call): void {
  const cluster = clusterOf(c);
  const { state } = cluster;
  const { myself } = state;
  const master = nodeAt(c, 2);
  if (master === myself) fail("ERR Can't replicate myself");
  if (master.isReplica) fail('ERR I can only replicate a master, not a replica.');
  if (myself.isMaster && (myself.slotCount > 0 || c.keyspace.databases[0]!.size > 0)) {
    fail('ERR To set a master the node must be empty and without assigned slots.');
  }
  cluster.replicate(master);
  state.doBeforeSleep(DUE.updateState | DUE.save);
  c.reply.ok();
}

export function reset(c: Call): void {
  const cluster = clusterOf(c);
  const { args } = c;
  if (args.count > 3) failSubcommand(c);
  const isHard = args.count === 3 && args.is(2, 'hard');
  if (args.count === 3 && !isHard && !args.is(2, 'soft')) fail(SYNTAX_ERROR);
  if (cluster.state.myself.isMaster && c.db.size > 0) {
    fail("ERR CLUSTER RESET can't be called with master nodes containing keys");
  }
  cluster.reset(isHard);
  c.reply.ok();
}

export function bumpEpoch(c: Call): void {
  const cluster = clusterOf(c);
  const word = cluster.bumpEpoch() ? 'BUMPED' : 'STILL';
  c.reply.simple(`${word} ${cluster.state.myself.configEpoch}`);
}

export function setConfigEpoch(c: Call): void {
  const { state } = clusterOf(c);
  const epoch = Number(c.int64(2));
  if (epoch < 0) fail(`ERR Invalid config epoch specified: ${c.int64(2)}`);
  if (state.nodes.size > 1) {
    fail('ERR The user can assign a config epoch only when the node does not know any other node.');
  }
  if (state.myself.configEpoch !== 0) fail('ERR Node config epoch is already non-zero');
  if (epoch > EPOCH_MAX) fail(`ERR Invalid config epoch specified: ${c.int64(2)}`);
  state.myself.configEpoch = epoch;
  c.server.log.warning(`configEpoch set to ${epoch} via CLUSTER SET-CONFIG-EPOCH`);
  state.currentEpoch = Math.max(state.currentEpoch, epoch);
  state.doBeforeSleep(DUE.updateState | DUE.save);
  c.reply.ok();
}

export function saveConfig(c: Call): void {
  const error = clusterOf(c).saveNodes();
  if (error !== null) fail(`ERR error saving the cluster node config: ${error}`);
  c.reply.ok();
}

/** CLUSTER FAILOVER [FORCE | TAKEOVER]. */
export function failOver(c: Call): void {
  const cluster = clusterOf(c);
  const { args } = c;
  if (args.count > 3) failSubcommand(c);
  const kind = args.count === 2 ? 'normal' : args.is(2, 'force') ? 'force' : args.is(2, 'takeover') ? 'takeover' : null;
  if (kind === null) return fail(SYNTAX_ERROR);
  const { myself } = cluster.state;
  if (myself.isMaster) fail('ERR You should send CLUSTER FAILOVER to a replica');
  const { master } = myself;
  if (master === null) return fail("ERR I'm a replica but my master is unknown to me");
  if (kind === 'normal' && (master.has(NODE.fail) || master.link === null)) {
    fail('ERR Master is down or failed, please use CLUSTER FAILOVER FORCE');
  }
  cluster.failover(kind);
  c.reply.ok();
}
