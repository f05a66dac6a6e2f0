/** SENTINEL CONFIG, which reads and changes what holds for all masters, and SENTINEL DEBUG, which does so with periods. */
import { fail } from '../../core/errors.ts';
import { Glob } from '../../core/glob.ts';
import type { Call } from '../../server/call.ts';
import { dropSentinelConnections } from '../link.ts';
import type { Periods, SentinelState } from '../state.ts';
import { saveAndReply, type SentinelHandler, type SentinelNode } from './node.ts';

const PORT_MAX = 65_535;

interface Parameter {
  readonly name: string;
  get(state: SentinelState): string;
  /** @returns whether the value is valid. */
  set(state: SentinelState, value: string, c: Call): boolean;
  /** Peers are connected to anew. */
  readonly concernsPeers?: true;
}

const PARAMETERS: readonly Parameter[] = [
  switchOf('resolve-hostnames', 'resolveHostnames'),
  switchOf('announce-hostnames', 'announceHostnames'),
  {
    name: 'announce-ip',
    get: ({ announceIp }) => announceIp ?? '',
    set: (state, value) => {
      state.announceIp = value || null;
      return true;
    },
  },
  {
    name: 'announce-port',
    get: ({ announcePort }) => String(announcePort),
    set: (state, _value, { args }) => {
      const port = args.integer(4);
      if (!(port >= 0 && port <= PORT_MAX)) return false;
      state.announcePort = port;
      return true;
    },
  },
  credential('sentinel-user', 'sentinelAuthUser'),
  credential('sentinel-pass', 'sentinelAuthPass'),
];

function switchOf(name: string, field: 'resolveHostnames' | 'announceHostnames'): Parameter {
  return {
    name,
    get: (state) => (state[field] ? 'yes' : 'no'),
    set: (state, value) => {
      const word = value.toLowerCase();
      if (word !== 'yes' && word !== 'no') return false;
      state[field] = word === 'yes';
      return true;
    },
  };
}

function credential(name: string, field: 'sentinelAuthUser' | 'sentinelAuthPass'): Parameter {
  return {
    name,
    concernsPeers: true,
    get: (state) => state[field] ?? '',
    set: (state, value) => {
      state[field] = value === '' ? null : value;
      return true;
    },
  };
}

export const config: SentinelHandler = (c, node) => {
  const { args } = c;
  if (args.is(2, 'set') && args.count === 5) setParameter(c, node);
  else if (args.is(2, 'get') && args.count === 4) getParameters(c, node);
  else fail('ERR Only SENTINEL CONFIG GET <option> / SET <option> <value> are supported.');
};

function getParameters({ args, reply }: Call, { machine }: SentinelNode): void {
  const glob = new Glob(args.cString(3), { ignoreCase: true });
  const found = PARAMETERS.filter(({ name }) => glob.matchesBinary(name));
  reply.map(found.length);
  for (const { name, get } of found) {
    reply.bulkBinary(name);
    reply.bulkBinary(get(machine.state));
  }
}

function setParameter(c: Call, node: SentinelNode): void {
  const { args } = c;
  const { state } = node.machine;
  const parameter = PARAMETERS.find(({ name }) => args.is(3, name));
  if (parameter === undefined) return fail(`ERR Invalid argument '${args.cString(3)}' to SENTINEL CONFIG SET`);
  const value = args.cString(4);
  if (!parameter.set(state, value, c)) {
    fail(`ERR Invalid value '${value}' to SENTINEL CONFIG SET '${args.cString(3)}'`);
  }
  saveAndReply(c, node);
  if (parameter.concernsPeers) dropSentinelConnections(state.masters.values());
}

// --------------------------------------------------------------------------------------------------------------- periods

const PERIODS: readonly (readonly [string, keyof Periods])[] = [
  ['info-period', 'infoPeriod'],
  ['ping-period', 'pingPeriod'],
  ['ask-period', 'askPeriod'],
  ['publish-period', 'publishPeriod'],
  ['default-down-after', 'defaultDownAfter'],
  ['default-failover-timeout', 'defaultFailoverTimeout'],
  ['tilt-trigger', 'tiltTrigger'],
  ['tilt-period', 'tiltPeriod'],
  ['slave-reconf-timeout', 'slaveReconfTimeout'],
  ['min-link-reconnect-period', 'minLinkReconnectPeriod'],
  ['election-timeout', 'electionTimeout'],
  ['script-max-runtime', 'scriptMaxRuntime'],
  ['script-retry-delay', 'scriptRetryDelay'],
];

/** Periods are taken one after the other, up to the first that is wrong. */
export const debug: SentinelHandler = ({ args, reply }, { machine }) => {
  const { periods } = machine.state;
  if (args.count === 2) {
    reply.map(PERIODS.length);
    for (const [name, field] of PERIODS) {
      reply.bulkBinary(name.toUpperCase());
      reply.bulkInteger(periods[field]);
    }
    return;
  }
  for (let i = 2; i < args.count; i += 2) {
    const period = PERIODS.find(([name]) => args.is(i, name));
    const option = args.cString(i);
    if (period === undefined || i + 1 === args.count) {
      return fail(`ERR Unknown option or number of arguments for SENTINEL DEBUG '${option}'`);
    }
    const value = args.integer(i + 1);
    if (!(value > 0)) fail(`ERR Invalid argument '${args.cString(i + 1)}' for SENTINEL DEBUG '${option}'`);
    periods[period[1]] = value;
  }
  reply.ok();
};
