/** Parameters of snapshots and of the append-only file. */
import { bool, choice, integer, INT_MAX, LONG_MAX, memory, special, text } from '../parameter.ts';
import { directoryType, initialSavePoints, savePointsType } from '../special-types.ts';

function hasSeparator(name: string): boolean {
  return name.includes('/') || name.includes('\\');
}

function refuseSnapshotName(name: string): string | null {
  return hasSeparator(name) ? "dbfilename can't be a path, just a filename" : null;
}

function refuseLogName(name: string): string | null {
  if (name === '') return "appendfilename can't be empty";
  return hasSeparator(name) ? "appendfilename can't be a path, just a filename" : null;
}

function refuseLogDirectory(name: string): string | null {
  if (name === '') return "appenddirname can't be empty";
  return hasSeparator(name) ? "appenddirname can't be a path, just a dirname" : null;
}

export const persistenceParameters = [
  // Its default is the directory that the process starts in.
  special('dir', directoryType, { value: '', text: '' }, { protected: true, deniedWhileLoading: true }),
  special('save', savePointsType, initialSavePoints, { multiArgument: true }),
  text('dbfilename', 'dump.rdb', { protected: true, refuse: refuseSnapshotName }),
  bool('rdbcompression', true),
  bool('rdbchecksum', true, { immutable: true }),
  bool('rdb-del-sync-files', false),
  bool('rdb-save-incremental-fsync', true),
  bool('stop-writes-on-bgsave-error', true),
  choice('sanitize-dump-payload', 'no', ['no', 'yes', 'clients']),
  bool('appendonly', false, { deniedWhileLoading: true }),
  text('appendfilename', 'appendonly.aof', { immutable: true, refuse: refuseLogName }),
  text('appenddirname', 'appendonlydir', { immutable: true, refuse: refuseLogDirectory }),
  choice('appendfsync', 'everysec', ['everysec', 'always', 'no']),
  bool('no-appendfsync-on-rewrite', false),
  integer('auto-aof-rewrite-percentage', 100, 0, INT_MAX),
  memory('auto-aof-rewrite-min-size', 64 * 1024 ** 2, 0, LONG_MAX),
  bool('aof-load-truncated', true),
  bool('aof-use-rdb-preamble', true),
  bool('aof-timestamp-enabled', false),
  bool('aof-rewrite-incremental-fsync', true),
  bool('aof-disable-auto-gc', false),
  integer('loading-process-events-interval-bytes', 2 * 1024 ** 2, 1024, INT_MAX, { hidden: true }),
] as const;
