/** BGREWRITEAOF and DEBUG LOADAOF. */
import type { Debugging } from '../debug/debugging.ts';
import { serverFamily } from '../rows.ts';

export const aofCommands = serverFamily('server', [
  {
    name: 'bgrewriteaof',
    arity: 1,
    flags: ['admin', 'noscript', 'no_async_loading'],
    since: '1.0.0',
    summary: 'Writes the append-only file anew, as short as it can be, while commands are served',
    complexity: 'O(1)',
    run: (c) => c.server.persistence.aof.rewriteInBackground(c),
  },
]);

export function provideLoadAof(debugging: Debugging): void {
  debugging.provide('loadaof', { min: 2, max: 2, run: (c) => c.server.persistence.aof.reload(c) });
}
