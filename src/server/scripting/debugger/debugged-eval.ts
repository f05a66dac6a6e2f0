/**
 * EVAL of a client that debugs its scripts.
 *
 * In sync mode the script runs here, and everybody waits while it stands still (gates.ts). Otherwise it runs on a copy
 * (isolated-session.ts). Either way the connection is closed when it has ended: that is how the client learns that the
 * session is over.
 */
import { fail, ReplyError } from '../../../core/errors.ts';
import type { Call } from '../../call.ts';
import { SESSION } from '../../session.ts';
import { IsolatedSession } from './isolated-session.ts';
import { ScriptDebugger } from './script-debugger.ts';

const SYNC_STARTED = 'Redis synchronous debugging eval session started';
const SYNC_ENDED = 'Redis synchronous debugging eval session ended';
const COPY_ENDED = 'Lua debugging session child exiting';

export function evaluateDebugged(call: Call, isReadOnly: boolean): void {
  const { server, session, args } = call;
  // What the debugger says leaves ahead of all replies, but the head of EXEC's is there already.
  if (session.has(SESSION.inExec)) fail('ERR A script cannot be debugged in a transaction');
  if (session.debugMode === 'isolated') {
    new IsolatedSession(call).start();
    return;
  }
  const isSync = session.debugMode === 'sync';
  if (isSync) server.log.warning(SYNC_STARTED);
  const { scripting } = server;
  const lastWords = isSync ? SYNC_ENDED : COPY_ENDED;
  const debugger_ = new ScriptDebugger(server, session, scripting.engine, args.binary(1), lastWords);
  session.successor = debugger_;
  session.onClose.push(() => debugger_.close());
  try {
    scripting.evaluateTraced(call, isReadOnly, debugger_);
  } catch (error) {
    if (!(error instanceof ReplyError)) throw error;
    debugger_.end();
    call.reply.error(error.text);
    debugger_.leave();
  }
}
