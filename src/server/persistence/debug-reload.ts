/** DEBUG RELOAD: saves the dataset and loads it again, while everybody waits. */
import { fail } from '../../core/errors.ts';
import type { Call } from '../call.ts';
import type { Debugging } from '../debug/debugging.ts';
import { RdbFileLoad } from './rdb-file-load.ts';

const FAILED = 'ERR Error trying to load the RDB dump';

interface ReloadOptions {
  merges: boolean;
  flushes: boolean;
  saves: boolean;
}

function parse(c: Call): ReloadOptions {
  const options: ReloadOptions = { merges: false, flushes: true, saves: true };
  for (let i = 2; i < c.args.count; i++) {
    if (c.args.is(i, 'merge')) options.merges = true;
    else if (c.args.is(i, 'noflush')) options.flushes = false;
    else if (c.args.is(i, 'nosave')) options.saves = false;
    else fail('ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.');
  }
  return options;
}

function reload(c: Call): void {
  const { server } = c;
  const { persistence } = server;
  const { merges, flushes, saves } = parse(c);
  if (saves && !persistence.saves.saveNow()) fail('ERR');
  if (flushes) {
    server.emptyDatabases();
    persistence.functions?.clear();
  }
  let file: RdbFileLoad;
  try {
    file = new RdbFileLoad(server, persistence.disk, persistence.saves.path, {
      dropsExpired: server.hooks.replication?.isReplica !== true,
      allowsDuplicates: merges,
    });
  } catch {
    return fail(FAILED);
  }
  if (!file.runNow()) fail(FAILED);
  server.log.warning('DB reloaded by DEBUG RELOAD');
  c.reply.ok();
}

export function provideReload(debugging: Debugging): void {
  debugging.provide('reload', { min: 2, max: Infinity, run: reload });
}
