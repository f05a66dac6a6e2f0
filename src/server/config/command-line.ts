/**
 * The command line of redis-server: what is asked for, and its options as configuration text.
 *
 *   [/path/to/redis.conf] [--name value ...]... [-]
 *
 * An option becomes a line of redis.conf: `--port 7000` is `port "7000"`. Its values go on until the next argument
 * that starts with two dashes, except that the argument right behind an option's name is always a value, dashes or
 * not. An argument can be a whole line in itself (`--"save 900 1"`). Two options may stand without a value: `--save`,
 * which then means `save ""`, and `--sentinel`.
 *
 * Pure: nothing is read, printed or ended here. Arguments are JS strings as the process received them; the option
 * text is a binary string, like everything in the configuration.
 */
import { lowerCaseAscii } from '../../core/latin1.ts';
import { repr } from '../../core/repr.ts';
import { splitArguments } from '../../core/split-args.ts';
import { binaryOfPath, isAbsolutePath } from './paths.ts';

export interface ServerStart {
  readonly kind: 'start';
  readonly sentinel: boolean;
  /** Absolute path of the configuration file, or null. */
  readonly configFile: string | null;
  /** Standard input is to be read to its end as configuration. */
  readonly readsStdin: boolean;
  /** Lines to be read behind file and standard input; null when there was no argument at all. */
  readonly options: string | null;
}

export type CommandLine =
  | ServerStart
  | { readonly kind: 'version' }
  | { readonly kind: 'help' }
  | { readonly kind: 'check-system' }
  /** Path is null when it is missing. */
  | { readonly kind: 'check'; readonly path: string | null }
  /** Megabytes is null when the number is missing. */
  | { readonly kind: 'test-memory'; readonly megabytes: number | null };

/**
 * @param program the name that the process was called by, which may switch sentinel mode on
 * @param args what follows it
 * @param workingDirectory where a relative file name starts
 */
export function parseCommandLine(program: string, args: readonly string[], workingDirectory: string): CommandLine {
  const first = args[0];
  const sentinel = isSentinel(program, args);
  if (first === undefined) return { kind: 'start', sentinel, configFile: null, readsStdin: false, options: null };
  if (first === '-v' || first === '--version') return { kind: 'version' };
  if (first === '-h' || first === '--help') return { kind: 'help' };
  if (first === '--check-system') return { kind: 'check-system' };
  if (first === '--check') return { kind: 'check', path: args.length === 2 ? args[1]! : null };
  if (first === '--test-memory') {
    return { kind: 'test-memory', megabytes: args.length === 2 ? Number.parseInt(args[1]!, 10) || 0 : null };
  }
  const hasFile = !first.startsWith('-');
  const { options, readsStdin } = parseOptions(hasFile ? args.slice(1) : args, hasFile);
  const configFile = hasFile ? absoluteFile(first, workingDirectory) : null;
  return { kind: 'start', sentinel, configFile, readsStdin, options };
}

function isSentinel(program: string, args: readonly string[]): boolean {
  const name = program.slice(program.lastIndexOf('/') + 1);
  return /re(?:dis|splica)-sentinel/.test(name) || args.includes('--sentinel');
}

function parseOptions(args: readonly string[], hasFile: boolean): { options: string; readsStdin: boolean } {
  let options = '';
  let readsStdin = false;
  /** The last option has a value, so that the next `--` starts another one. */
  let isComplete = true;
  for (const [index, arg] of args.entries()) {
    const isLast = index === args.length - 1;
    if (arg === '-' && ((index === 0 && !hasFile) || isLast)) {
      readsStdin = true;
    } else if (isComplete && arg.startsWith('--')) {
      const binary = binaryOfPath(arg);
      if (options !== '') options += '\n';
      options += `${binary.slice(2)} `;
      const isNameAlone = splitArguments(binary)?.length === 1;
      const standsAlone = isNameAlone && (isLast || args[index + 1]!.startsWith('--'));
      const name = lowerCaseAscii(binary);
      if (standsAlone && name === '--save') options += '""';
      isComplete = !isNameAlone || (standsAlone && !isLast && (name === '--save' || name === '--sentinel'));
    } else {
      options += `${repr(binaryOfPath(arg))} `;
      isComplete = true;
    }
  }
  return { options, readsStdin };
}

/** As Redis makes a path absolute: leading `../` climb, everything else stays as it was typed. */
function absoluteFile(name: string, workingDirectory: string): string {
  let rest = name.replace(/^[ \r\n\t]+|[ \r\n\t]+$/g, '');
  if (isAbsolutePath(rest)) return rest;
  let base = /[\\/]$/.test(workingDirectory) ? workingDirectory : `${workingDirectory}/`;
  while (rest.startsWith('../')) {
    rest = rest.slice(3);
    base = base.replace(/[^\\/]*[\\/]$/, '') || base;
  }
  return base + rest;
}
