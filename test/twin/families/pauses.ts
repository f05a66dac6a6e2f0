/**
 * CLIENT PAUSE WRITE while others write, read, publish and wait. A pause of everything would hold the client that keeps
 * the order, and redis-server does not survive CLIENT UNBLOCK of a client that is held. Nobody is killed: redis-server
 * drops what a client was answered in the turn in which it is killed, this server has sent it.
 */
import * as fc from 'fast-check';
import { severalClients } from '../several-clients.ts';
import type { Family } from '../suite.ts';

const CLIENTS = 4;

function oneOf(commands: string): fc.Arbitrary<string> {
  return fc.constantFrom(...commands.split('|').map((command) => command.trim()));
}

const pauses = oneOf(`
  CLIENT PAUSE 100000 WRITE | CLIENT PAUSE 200000 write | CLIENT UNPAUSE | CLIENT UNPAUSE | CLIENT PAUSE 0 WRITE |
  CLIENT PAUSE -1 WRITE | CLIENT PAUSE 1 x | CLIENT PAUSE x | CLIENT PAUSE 1 WRITE x | CLIENT UNPAUSE x
`);
const others = oneOf(`
  SET k 1 | APPEND k x | INCR n | GET k | DEL k l | RPUSH l 1 | RPUSH l 1 2 | BLPOP l 0 | LPOP l | PEXPIREAT k 1 |
  EXISTS k | PUBLISH c x | SPUBLISH c x | SUBSCRIBE c | UNSUBSCRIBE | PFADD p 1 | PFCOUNT p | MULTI | MULTI | EXEC |
  EXEC | DISCARD | WATCH k | KEYS k | FLUSHALL | CLIENT REPLY SKIP | NONSENSE | SET k |
  SORT l | SORT l STORE m | GETEX k PERSIST | TOUCH k | PING | HELLO 3 | RESET | SELECT 1 | SELECT 0
`);

export const pauseFamily: Family = {
  name: 'pauses',
  suites: [
    severalClients({
      title: 'a pause of writes',
      runs: 60,
      clients: CLIENTS,
      steps: fc.tuple(
        fc.nat(CLIENTS - 1),
        fc.oneof({ weight: 1, arbitrary: pauses }, { weight: 6, arbitrary: others }),
      ),
      stepsMax: 40,
      before: ['CLIENT UNPAUSE', 'FLUSHALL'],
      after: { 'INFO clients': /blocked_clients:\d+/, 'CLIENT UNPAUSE': /OK/, 'DEBUG DIGEST': /\+.*/ },
    }),
  ],
};
