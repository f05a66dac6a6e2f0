/**
 * The commands of a sentinel: fourteen of a server's, three of them with another meaning, and SENTINEL. Anything else is
 * unknown to it, QUIT and SELECT included.
 */
import { fail } from '../../core/errors.ts';
import type { Family, Row } from '../../commands/row.ts';
import type { Call } from '../../server/call.ts';
import { serverFamily } from '../../server/rows.ts';
import { infoText } from '../info.ts';
import { HELLO_CHANNEL } from '../state.ts';
import type { SentinelHandler, SentinelNode } from './node.ts';
import { sentinelRow } from './rows.ts';

const KEPT = new Set([
  'acl',
  'auth',
  'client',
  'command',
  'hello',
  'info',
  'ping',
  'psubscribe',
  'publish',
  'punsubscribe',
  'role',
  'shutdown',
  'subscribe',
  'unsubscribe',
]);

const info: SentinelHandler = ({ args, reply, server }, node) => {
  const wanted = Array.from({ length: args.count - 1 }, (_, i) => args.binary(i + 1));
  reply.bulkBinary(infoText(server, node, wanted));
};

const role: SentinelHandler = ({ reply }, { machine }) => {
  reply.array(2);
  reply.bulkBinary('sentinel');
  reply.bulkArray([...machine.state.masters.keys()]);
};

/** There is one channel to publish to: others say hello there. Subscribers do not hear of it. */
const publish: SentinelHandler = ({ args, reply }, { sentinel }) => {
  if (args.cString(1) !== HELLO_CHANNEL) fail('ERR Only HELLO messages are accepted by Sentinel instances.');
  sentinel.receiveHello(args.binary(2));
  reply.integer(1);
};

const OWN: Readonly<Record<string, SentinelHandler>> = { info, role, publish };

/**
 * @param families of a server
 * @param node gives the sentinel; it is there when the first command comes, not before
 */
export function sentinelFamilies(families: readonly Family[], node: () => SentinelNode): readonly Family[] {
  const kept = families
    .map(({ group, rows }) => ({
      group,
      rows: rows.filter(({ name }) => KEPT.has(name)).map((row) => adapt(row, node)),
    }))
    .filter(({ rows }) => rows.length > 0);
  return [...kept, serverFamily('sentinel', [sentinelRow(node)])];
}

function adapt(row: Row, node: () => SentinelNode): Row {
  const run = Object.hasOwn(OWN, row.name) ? OWN[row.name] : undefined;
  if (run === undefined) return row;
  const handler = (c: Call): void => {
    const own = node();
    own.sentinel.enter(() => run(c, own));
  };
  return { ...row, run: handler as NonNullable<Row['run']> };
}
