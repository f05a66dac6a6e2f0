/**
 * SENTINEL SET: options of a master, one after the other. What stands before an error has been set; redis-sentinel does
 * the same, and writes it to the file.
 */
import { fail, ReplyError } from '../../core/errors.ts';
import type { Call } from '../../server/call.ts';
import { announce } from '../events.ts';
import { spreadDownAfter } from '../instances.ts';
import { dropServerConnections } from '../link.ts';
import type { Instance } from '../state.ts';
import { masterAt, saveAndReply, type SentinelHandler, type SentinelNode } from './node.ts';

const SCRIPTS_DENIED =
  'ERR Reconfiguration of scripts path is denied for security reasons. Check the deny-scripts-reconfig configuration ' +
  'directive in your Sentinel configuration';
const HIDDEN_VALUE = '******';

/** Where an option stands among the arguments. */
interface Place {
  readonly c: Call;
  /** Index of the option's first value. */
  readonly at: number;
  readonly node: SentinelNode;
}

interface Option {
  readonly name: string;
  /** By default 1. */
  readonly values?: number;
  /** The event does not show the value. */
  readonly isSecret?: true;
  set(master: Instance, place: Place): void;
}

const OPTIONS: readonly Option[] = [
  number('down-after-milliseconds', 1, (master, value) => {
    master.downAfterPeriod = value;
    spreadDownAfter(master);
  }),
  number('failover-timeout', 1, (master, value) => {
    master.failoverTimeout = value;
  }),
  number('parallel-syncs', 1, (master, value) => {
    master.parallelSyncs = value;
  }),
  script('notification-script', 'Notification', (master, path) => {
    master.notificationScript = path;
  }),
  script('client-reconfig-script', 'Client reconfiguration', (master, path) => {
    master.clientReconfigScript = path;
  }),
  {
    name: 'auth-pass',
    isSecret: true,
    set: (master, place) => {
      master.authPass = valueOf(place) || null;
      dropServerConnections(master);
    },
  },
  {
    name: 'auth-user',
    set: (master, place) => {
      master.authUser = valueOf(place) || null;
      dropServerConnections(master);
    },
  },
  number('quorum', 1, (master, value) => {
    master.quorum = value;
  }),
  { name: 'rename-command', values: 2, set: renameCommand },
  number('master-reboot-down-after-period', 0, (master, value) => {
    master.masterRebootDownAfterPeriod = value;
  }),
];

export const set: SentinelHandler = (c, node) => {
  const master = masterAt(c, node, 2);
  let changes = 0;
  try {
    for (let i = 3; i < c.args.count;) {
      const option = OPTIONS.find(({ name, values = 1 }) => c.args.is(i, name) && c.args.count - 1 - i >= values);
      if (option === undefined) {
        return fail(`ERR Unknown option or number of arguments for SENTINEL SET '${c.args.cString(i)}'`);
      }
      const { values = 1, isSecret } = option;
      option.set(master, { c, at: i + 1, node });
      changes++;
      const shown = Array.from({ length: values }, (_, k) => (isSecret ? HIDDEN_VALUE : c.args.cString(i + 1 + k)));
      announce(node.machine, '+set', master, [c.args.cString(i), ...shown].join(' '));
      i += 1 + values;
    }
  } catch (error) {
    if (error instanceof ReplyError && changes > 0) node.sentinel.flushConfig();
    throw error;
  }
  saveAndReply(c, node);
};

function valueOf({ c, at }: Place): string {
  return c.args.cString(at);
}

function invalid({ c, at }: Place, option: string, index = at): never {
  return fail(`ERR Invalid argument '${c.args.cString(index)}' for SENTINEL SET '${option}'`);
}

function number(name: string, min: number, assign: (master: Instance, value: number) => void): Option {
  return {
    name,
    set(master, place) {
      const value = place.c.args.integer(place.at);
      if (!(value >= min)) invalid(place, place.c.args.cString(place.at - 1));
      assign(master, value);
    },
  };
}

function script(name: string, subject: string, assign: (master: Instance, path: string | null) => void): Option {
  return {
    name,
    set(master, place) {
      if (place.node.machine.state.denyScriptsReconfig) fail(SCRIPTS_DENIED);
      const path = valueOf(place);
      if (path !== '' && !place.node.isExecutable(path)) {
        fail(`ERR ${subject} script seems non existing or non executable`);
      }
      assign(master, path || null);
    },
  };
}

/** A command that is renamed to itself has no other name any more. */
function renameCommand(master: Instance, place: Place): void {
  const { c, at } = place;
  const from = c.args.cString(at);
  const to = c.args.cString(at + 1);
  if (from === '' || to === '') invalid(place, c.args.cString(at - 1), to === '' ? at + 1 : at);
  const key = from.toUpperCase();
  master.renamedCommands.delete(key);
  if (to.toUpperCase() !== key) master.renamedCommands.set(key, { from, to });
}
