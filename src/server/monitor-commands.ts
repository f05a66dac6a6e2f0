/** MONITOR: shows every executed command to the client that calls it. */
import { fail } from '../core/errors.ts';
import type { Call } from './call.ts';
import { serverFamily } from './rows.ts';
import { SESSION } from './session.ts';

function monitor(c: Call): void {
  const { session, server } = c;
  if (session.has(SESSION.inExec | SESSION.inScript)) fail("ERR MONITOR isn't allowed for DENY BLOCKING client");
  // A client that monitors already, or a replica, gets no answer.
  if (session.has(SESSION.monitor | SESSION.replica)) return;
  c.reply.ok();
  server.monitors.add(session);
}

export const monitorCommands = serverFamily('server', [
  {
    name: 'monitor',
    arity: 1,
    flags: ['admin', 'noscript', 'loading', 'stale'],
    since: '1.0.0',
    summary: 'Shows every command that the server executes',
    complexity: 'None for the command itself',
    run: monitor,
  },
]);
