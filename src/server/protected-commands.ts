/** DEBUG and MODULE LOAD are not for everybody: enable-debug-command and enable-module-command say for whom. */
import type { Command } from './command-table.ts';
import type { Server } from './server.ts';
import { SESSION, type Session } from './session.ts';

/** @returns the error that refuses a command flagged `protected`, or null. */
export function refuseProtected(server: Server, session: Session, command: Command): string | null {
  const name = (command.parent ?? command).row.name;
  const option = name === 'debug' ? 'enable-debug-command' : 'enable-module-command';
  const allowed = server.config.values[option];
  if (allowed === 'yes' || session.has(SESSION.internal)) return null;
  if (allowed === 'local' && session.isLocal) return null;
  return (
    `ERR ${name.toUpperCase()} command not allowed. If the ${option} option is set to "local", you can run it from a ` +
    'local connection, otherwise you need to set this option in the configuration file, and then restart the server.'
  );
}
