/**
 * The first line of a script that says in which language it is and what it may do: `#!lua flags=no-writes`
 * (eval.c evalExtractShebangFlags). Function libraries have one too, with a name.
 */
import { fail } from '../../core/errors.ts';
import { splitArguments } from '../../core/split-args.ts';

export const SCRIPT_FLAG = {
  noWrites: 1 << 0,
  allowOom: 1 << 1,
  allowStale: 1 << 2,
  noCluster: 1 << 3,
  allowCrossSlotKeys: 1 << 4,
  /** A script without a header: it is judged by the commands that it runs. */
  compatible: 1 << 5,
} as const;

export const scriptFlags: ReadonlyMap<string, number> = new Map([
  ['no-writes', SCRIPT_FLAG.noWrites],
  ['allow-oom', SCRIPT_FLAG.allowOom],
  ['allow-stale', SCRIPT_FLAG.allowStale],
  ['no-cluster', SCRIPT_FLAG.noCluster],
  ['allow-cross-slot-keys', SCRIPT_FLAG.allowCrossSlotKeys],
]);

export interface ScriptHeader {
  /** Bits of SCRIPT_FLAG. */
  readonly flags: number;
  /** Without the header; its line end stays, so that lines keep their numbers. */
  readonly body: string;
}

/** Of a script for EVAL. Throws a ReplyError. */
export function readScriptHeader(source: string): ScriptHeader {
  if (!source.startsWith('#!')) return { flags: SCRIPT_FLAG.compatible, body: source };
  const end = source.indexOf('\n');
  if (end < 0) fail('ERR Invalid script shebang');
  const words = splitArguments(source.slice(0, end));
  if (words === null || words.length === 0) fail('ERR Invalid engine in script shebang');
  const [engine, ...options] = words;
  if (engine !== '#!lua') fail(`ERR Unexpected engine in script shebang: ${engine}`);
  let flags = 0;
  for (const option of options) {
    if (!option.startsWith('flags=')) fail(`ERR Unknown lua shebang option: ${option}`);
    const names = option.slice('flags='.length);
    for (const name of names === '' ? [] : names.split(',')) {
      const flag = scriptFlags.get(name);
      if (flag === undefined) fail(`ERR Unexpected flag in script shebang: ${name}`);
      flags |= flag;
    }
  }
  return { flags, body: source.slice(end) };
}
