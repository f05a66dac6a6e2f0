/** SAVE, BGSAVE, LASTSAVE. */
import { fail, SYNTAX_ERROR } from '../../core/errors.ts';
import type { Call } from '../call.ts';
import { serverFamily } from '../rows.ts';

const IN_PROGRESS = 'ERR Background save already in progress';

function save(c: Call): void {
  const { children, saves } = c.server.persistence;
  if (children.isActive('rdb')) fail(IN_PROGRESS);
  saves.count++;
  if (!saves.saveNow()) fail('ERR');
  c.reply.ok();
}

function backgroundSave(c: Call): void {
  const { children, saves } = c.server.persistence;
  const mayWait = c.args.count > 1;
  if (mayWait && !(c.args.count === 2 && c.args.is(1, 'schedule'))) fail(SYNTAX_ERROR);
  if (children.isActive('rdb')) fail(IN_PROGRESS);
  const isInExec = c.server.dispatcher.depth > 1;
  if (children.active !== null || isInExec) {
    if (!mayWait && !isInExec) {
      fail(
        "ERR Another child process is active (AOF?): can't BGSAVE right now. Use BGSAVE SCHEDULE in order to schedule " +
          'a BGSAVE whenever possible.',
      );
    }
    saves.isScheduled = true;
    c.reply.simple('Background saving scheduled');
    return;
  }
  saves.saveInBackground();
  c.reply.simple('Background saving started');
}

const acl = ['admin', 'dangerous'] as const;

export const persistenceCommands = serverFamily('server', [
  {
    name: 'bgsave',
    arity: -1,
    flags: ['admin', 'noscript', 'no_async_loading'],
    since: '1.0.0',
    summary: 'Saves the dataset to disk while commands are served',
    complexity: 'O(1)',
    syntax: '[SCHEDULE]@3.2.2',
    history: [['3.2.2', 'Takes SCHEDULE.']],
    run: backgroundSave,
  },
  {
    name: 'lastsave',
    arity: 1,
    flags: ['loading', 'stale', 'fast'],
    acl,
    tips: ['nondeterministic_output'],
    since: '1.0.0',
    summary: 'Tells when the dataset was last saved',
    complexity: 'O(1)',
    run: (c) => c.reply.integer(c.server.persistence.saves.lastSaveSeconds),
  },
  {
    name: 'save',
    arity: 1,
    flags: ['admin', 'noscript', 'no_async_loading', 'no_multi'],
    since: '1.0.0',
    summary: 'Saves the dataset to disk while everybody waits',
    complexity: 'O(N) where N is the total number of keys in all databases',
    run: save,
  },
]);
