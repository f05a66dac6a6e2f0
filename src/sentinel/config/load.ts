/**
 * sentinel.conf, the lines that begin with `sentinel`: from directives to the state that they describe.
 *
 * They are taken in three passes: what holds for all masters, the masters, then everything about a master. So the order
 * of lines in the file does not matter. The first mistake ends the start, with its line and Redis' reason.
 *
 * Numbers are read as C's atoi and strtoull read them: what follows the digits is of no interest.
 */
import { lowerCaseAscii } from '../../core/latin1.ts';
import { fatalConfigError } from '../../server/config/config-error.ts';
import type { SentinelDirective } from '../../server/config/grammar.ts';
import { type CreateProblem, createInstance, type NewInstance, spreadDownAfter } from '../instances.ts';
import { shareLink } from '../connecting.ts';
import type { Machine } from '../machine.ts';
import { parseEpoch, parsePort as parseCount } from '../numbers.ts';
import { Instance } from '../state.ts';

const MYID_LENGTH = 40;
const NO_SUCH_MASTER = 'No such master with specified name.';
const NOT_POSITIVE = 'negative or zero time parameter.';

/** What a directive can be refused for that the machine does not know. */
export interface LoadSurroundings {
  isExecutable(path: string): boolean;
}

/** Takes a directive's arguments in. @returns why it is wrong, or null. */
type Take = (args: readonly string[], machine: Machine, around: LoadSurroundings) => string | null;

interface Directive {
  /** Arguments behind its name. */
  readonly counts: readonly number[];
  readonly pass: 'before' | 'masters' | 'after';
  readonly take: Take;
}

/** @throws ConfigError at the first mistake. */
export function loadDirectives(
  directives: readonly SentinelDirective[],
  machine: Machine,
  around: LoadSurroundings,
): void {
  for (const pass of ['before', 'masters', 'after'] as const) {
    for (const line of directives) {
      if (passOf(line) !== pass) continue;
      const reason = takeLine(line, machine, around);
      if (reason !== null) throw fatalConfigError(line, reason);
    }
  }
}

/** Host names in the directives, which have to be resolved before they are taken in; none unless that is asked for. */
export function namedHosts(directives: readonly SentinelDirective[]): string[] {
  const asks = directives.findLast(({ args }) => lowerCaseAscii(args[0]!) === 'resolve-hostnames' && args.length === 2);
  if (asks === undefined || lowerCaseAscii(asks.args[1]!) !== 'yes') return [];
  const namers = new Set(['monitor', 'known-slave', 'known-replica', 'known-sentinel']);
  const hosts = directives.filter(({ args }) => namers.has(lowerCaseAscii(args[0]!)) && args.length >= 4);
  return [...new Set(hosts.map(({ args }) => args[2]!))];
}

function passOf({ args }: SentinelDirective): Directive['pass'] {
  return findDirective(args[0]!)?.pass ?? 'after';
}

function takeLine({ args }: SentinelDirective, machine: Machine, around: LoadSurroundings): string | null {
  const directive = findDirective(args[0]!);
  if (directive === undefined || !directive.counts.includes(args.length - 1)) {
    return 'Unrecognized sentinel configuration statement.';
  }
  return directive.take(args.slice(1), machine, around);
}

function findDirective(name: string): Directive | undefined {
  const key = lowerCaseAscii(name);
  return Object.hasOwn(DIRECTIVES, key) ? DIRECTIVES[key] : undefined;
}

/** A directive that holds for all masters. */
function general(take: (value: string, machine: Machine) => string | null): Directive {
  return { counts: [1], pass: 'before', take: ([value], machine) => take(value!, machine) };
}

/** A directive about a master, which it names first. */
function about(
  count: number,
  take: (master: Instance, values: readonly string[], machine: Machine, around: LoadSurroundings) => string | null,
): Directive {
  return {
    counts: [count + 1],
    pass: 'after',
    take([name, ...values], machine, around) {
      const master = machine.state.masters.get(name!);
      return master === undefined ? NO_SUCH_MASTER : take(master, values, machine, around);
    },
  };
}

/** A directive about a master that only sets something. */
function setting(set: (master: Instance, value: string, machine: Machine) => void): Directive {
  return about(1, (master, [value], machine) => {
    set(master, value!, machine);
    return null;
  });
}

function yesOrNo(ending: string, set: (machine: Machine, value: boolean) => void): Directive {
  return general((text, machine) => {
    const word = lowerCaseAscii(text);
    if (word !== 'yes' && word !== 'no') return `Please specify yes or no for the ${ending}.`;
    set(machine, word === 'yes');
    return null;
  });
}

function script(subject: string, set: (master: Instance, path: string) => void): Directive {
  return about(1, (master, [path], _machine, { isExecutable }) => {
    if (!isExecutable(path!)) return `${subject} script seems non existing or non executable.`;
    set(master, path!);
    return null;
  });
}

function duration(isValid: (ms: number) => boolean, reason: string, set: (master: Instance, ms: number) => void) {
  return about(1, (master, [text]) => {
    const ms = parseCount(text!);
    if (!isValid(ms)) return reason;
    set(master, ms);
    return null;
  });
}

const isPositive = (ms: number): boolean => ms > 0;

const DIRECTIVES: Readonly<Record<string, Directive>> = {
  'announce-ip': general((ip, { state }) => {
    if (ip !== '') state.announceIp = ip;
    return null;
  }),
  'announce-port': general((port, { state }) => {
    state.announcePort = parseCount(port);
    return null;
  }),
  'deny-scripts-reconfig': yesOrNo('deny-scripts-reconfig options', ({ state }, value) => {
    state.denyScriptsReconfig = value;
  }),
  'resolve-hostnames': yesOrNo('resolve-hostnames option', ({ state }, value) => {
    state.resolveHostnames = value;
  }),
  'announce-hostnames': yesOrNo('announce-hostnames option', ({ state }, value) => {
    state.announceHostnames = value;
  }),
  'sentinel-user': general((user, { state }) => {
    if (user !== '') state.sentinelAuthUser = user;
    return null;
  }),
  'sentinel-pass': general((password, { state }) => {
    if (password !== '') state.sentinelAuthPass = password;
    return null;
  }),
  'current-epoch': general((epoch, { state }) => {
    state.currentEpoch = larger(state.currentEpoch, parseEpoch(epoch));
    return null;
  }),
  myid: general((id, { state }) => {
    if (id.length !== MYID_LENGTH) return 'Malformed Sentinel id in myid option.';
    state.myid = id;
    return null;
  }),

  monitor: { counts: [4], pass: 'masters', take: takeMaster },

  'down-after-milliseconds': duration(isPositive, NOT_POSITIVE, (master, ms) => {
    master.downAfterPeriod = ms;
    spreadDownAfter(master);
  }),
  'failover-timeout': duration(isPositive, NOT_POSITIVE, (master, ms) => {
    master.failoverTimeout = ms;
  }),
  'master-reboot-down-after-period': duration(
    (ms) => ms >= 0,
    'negative time parameter.',
    (master, ms) => {
      master.masterRebootDownAfterPeriod = ms;
    },
  ),
  'parallel-syncs': setting((master, count) => {
    master.parallelSyncs = parseCount(count);
  }),
  'auth-pass': setting((master, password) => {
    master.authPass = password;
  }),
  'auth-user': setting((master, user) => {
    master.authUser = user;
  }),
  'config-epoch': setting((master, epoch, { state }) => {
    master.configEpoch = parseEpoch(epoch);
    state.currentEpoch = larger(state.currentEpoch, master.configEpoch);
  }),
  'leader-epoch': setting((master, epoch) => {
    master.leaderEpoch = parseEpoch(epoch);
  }),
  'notification-script': script('Notification', (master, path) => {
    master.notificationScript = path;
  }),
  'client-reconfig-script': script('Client reconfiguration', (master, path) => {
    master.clientReconfigScript = path;
  }),
  'known-replica': about(2, takeReplica),
  'known-slave': about(2, takeReplica),
  'known-sentinel': { ...about(3, takeSentinel), counts: [3, 4], take: takeKnownSentinel },
  'rename-command': about(2, (master, [from, to]) => {
    const key = from!.toUpperCase();
    if (master.renamedCommands.has(key)) return 'Same command renamed multiple times with rename-command.';
    master.renamedCommands.set(key, { from: from!, to: to! });
    return null;
  }),
};

function takeMaster([name, host, port, quorumText]: readonly string[], machine: Machine): string | null {
  const quorum = parseCount(quorumText!);
  if (quorum <= 0) return 'Quorum must be 1 or greater.';
  const made = { kind: 'master', name: name!, host: host!, port: parseCount(port!), quorum } as const;
  const master = createInstance(machine, made);
  return master instanceof Instance ? null : createProblemText(made.kind, master);
}

function takeReplica(master: Instance, [host, port]: readonly string[], machine: Machine): string | null {
  const made = { kind: 'replica', name: '', host: host!, port: parseCount(port!), master } as const;
  const replica = createInstance(machine, made);
  return replica instanceof Instance ? null : createProblemText(made.kind, replica);
}

/** The form without an id is of an old version, and means nothing any more. */
function takeKnownSentinel(args: readonly string[], machine: Machine, around: LoadSurroundings): string | null {
  return args.length === 3 ? null : about(3, takeSentinel).take(args, machine, around);
}

function takeSentinel(master: Instance, [host, port, id]: readonly string[], machine: Machine): string | null {
  const made = { kind: 'sentinel', name: id!, host: host!, port: parseCount(port!), master } as const;
  const sentinel = createInstance(machine, made);
  if (!(sentinel instanceof Instance)) return createProblemText(made.kind, sentinel);
  sentinel.runid = id!;
  shareLink(machine, sentinel);
  return null;
}

/** Why an instance was not made, as redis-sentinel says it. */
export function createProblemText(kind: NewInstance['kind'], problem: CreateProblem): string {
  if (problem === 'unresolved') return "Can't resolve instance hostname.";
  if (problem === 'port') return 'Invalid port number.';
  if (kind === 'master') return 'Duplicate master name.';
  return kind === 'replica' ? 'Duplicate hostname and port for replica.' : 'Duplicate runid for sentinel.';
}

function larger(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}
