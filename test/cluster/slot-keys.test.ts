import { expect, it } from 'vitest';
import { countKeysInSlot, deleteKeysInSlot } from '../../src/cluster/slot-keys.ts';
import { keySlot } from '../../src/core/key-slot.ts';
import { BareServer } from '../support/bare-server.ts';

const TAG = Buffer.from('a');
const SLOT = keySlot(TAG, 0, TAG.length);

it.each([
  ['no', 'DEL'],
  ['yes', 'UNLINK'],
])('Keys of a slot that is lost go for replicas and files too (lazily: %s)', (lazily, command) => {
  const bare = new BareServer();
  const { server } = bare;
  server.keyspace.databases[0]!.indexSlots();
  server.config.assign('lazyfree-lazy-server-del', lazily);
  const client = bare.connect();
  for (const key of ['{a}1', '{a}2', 'b']) client.call('SET', key, 'value');
  const fed: string[] = [];
  server.hooks.changeSinks.push({
    takesMessages: false,
    feed: (database, args) => {
      const words = Array.from({ length: args.count }, (_, i) => args.text(i));
      fed.push(`${database} ${words.join(' ')}`);
    },
  });
  const { changes } = server;
  server.enter(() => expect(deleteKeysInSlot(server, SLOT)).toBe(2));
  expect(fed.sort()).toEqual([`0 ${command} {a}1`, `0 ${command} {a}2`]);
  expect([server.changes - changes, countKeysInSlot(server, SLOT), client.call('DBSIZE')]).toEqual([2, 0, ':1\r\n']);
});
