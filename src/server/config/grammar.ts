/**
 * redis.conf: from text to a configured server.
 *
 * A configuration is one text: the file, then standard input, then the options of the command line, in this order,
 * so that the last one wins. It is read line by line; a line is a comment, blank, or a directive with its arguments.
 * An `include` is read in the middle of its line as a configuration of its own, with its own line numbers and its own
 * final checks. Parameters go into the `Config`; directives that belong to other subsystems are collected, after the
 * subsystem had a chance to refuse them, because the error must name the line.
 *
 * `save` is special. Lines add up, the first one replacing the built-in points. Behind an `include`, though, Redis
 * has forgotten that it is reading a file, and every further `save` replaces what was there; files are shared between
 * the two servers, so this one does the same.
 */
import { cString, lowerCaseAscii } from '../../core/latin1.ts';
import { splitArguments } from '../../core/split-args.ts';
import { DiskError } from '../../host/host.ts';
import { fatalConfigError } from './config-error.ts';
import type { ConfigLine } from './config-error.ts';
import { readConfigFiles } from './config-files.ts';
import type { Config } from './config.ts';
import { binaryOfPath, pathOfBinary } from './paths.ts';
import { parametersByName } from './parameters.ts';
import { WRONG_NUMBER_OF_ARGUMENTS } from './value-types.ts';

/** A file that includes itself ends here, and not in a stack overflow. */
const INCLUDE_DEPTH_LIMIT = 100;
/** Redis composes the error of a `user` line in a buffer of 1024 bytes. */
const USER_ERROR_LIMIT_BYTES = 1023;

const BAD_DIRECTIVE = 'Bad directive or wrong number of arguments';
const ignoredDirectives = new Set(['list-max-ziplist-entries', 'list-max-ziplist-value', 'lua-replicate-commands']);

/** What is read behind the file that the `Config` was made for. */
export interface ConfigurationSource {
  /** What was read from standard input, or null when it was not asked for. */
  readonly stdin: string | null;
  /** The command line's options as text, see command-line.ts; null when there was no argument at all. */
  readonly options: string | null;
}

/** How other subsystems judge their directives while the line is known. */
export interface DirectiveChecks {
  /** `rename-command`: why the command cannot be renamed, or null. */
  renameCommand?(from: string, to: string): string | null;
  /**
   * `user`: why the line is wrong, or null. `args` starts with the user's name. The error names the word of the whole
   * line at `index`, where `user` is word 0. Redis reports a wrong rule by its index among the rules, two too low.
   */
  user?(args: readonly string[]): { readonly index: number; readonly reason: string } | null;
}

export interface SentinelDirective extends ConfigLine {
  /** Without the word `sentinel`. */
  readonly args: readonly string[];
}

/** What a configuration says besides parameters, in the order of the lines. */
export interface Directives {
  readonly renamedCommands: { readonly from: string; readonly to: string }[];
  /** Arguments of each `user` line: the name, then the rules. */
  readonly users: (readonly string[])[];
  readonly modules: { readonly path: string; readonly args: readonly string[] }[];
  /** Parameters of modules, `module.name`, with their value. */
  readonly moduleParameters: Map<string, string>;
  /** For sentinel to take in, which then reports errors with `fatalConfigError`. */
  readonly sentinel: SentinelDirective[];
}

/**
 * Reads `config.file` and `source` into `config`.
 * @throws ConfigError at the first mistake.
 */
export function loadConfiguration(
  config: Config,
  source: ConfigurationSource,
  checks: DirectiveChecks = {},
): Directives {
  const loader = new Loader(config, checks);
  loader.load(source);
  return loader.directives;
}

class Loader {
  readonly directives: Directives = {
    renamedCommands: [],
    users: [],
    modules: [],
    moduleParameters: new Map(),
    sentinel: [],
  };
  readonly #config: Config;
  readonly #checks: DirectiveChecks;
  #depth = 0;
  /** Whether `save` knows that a file is being read. */
  #readingFile = false;
  #savePointsReplaced = false;

  constructor(config: Config, checks: DirectiveChecks) {
    this.#config = config;
    this.#checks = checks;
  }

  load({ stdin, options }: ConfigurationSource): void {
    const { disk, file } = this.#config;
    let text = file === null ? '' : readConfigFiles(disk, binaryOfPath(file), this.#baseDirectory());
    if (stdin !== null) text += stdin;
    if (options !== null) text += `\n${options}`;
    this.#loadText(cString(text));
  }

  #baseDirectory(): string {
    return pathOfBinary(this.#config.values.dir);
  }

  #loadText(text: string): void {
    this.#readingFile = true;
    const lines = text === '' ? [] : text.split('\n');
    for (const [index, raw] of lines.entries()) {
      const line: ConfigLine = { number: index + 1, text: trimLine(raw) };
      if (line.text === '' || line.text.startsWith('#')) continue;
      const reason = this.#loadLine(line);
      if (reason !== null) throw fatalConfigError(line, reason);
    }
    this.#checkWhole();
    this.#config.clampAfterLoading();
    this.#readingFile = false;
  }

  #loadLine(line: ConfigLine): string | null {
    const args = splitArguments(line.text);
    if (args === null) return 'Unbalanced quotes in configuration line';
    if (args.length === 0) return null;
    const name = lowerCaseAscii(args[0]!);
    const named = parametersByName.get(name);
    return named ? this.#loadParameter(name, args.slice(1)) : this.#loadDirective(name, args, line);
  }

  #loadParameter(name: string, given: readonly string[]): string | null {
    const { parameter } = parametersByName.get(name)!;
    const isMulti = parameter.rules.multiArgument === true;
    if (!isMulti && given.length !== 1) return WRONG_NUMBER_OF_ARGUMENTS;
    const isOneQuoted = isMulti && given.length === 1 && given[0] !== '';
    const args = isOneQuoted ? (splitArguments(given[0]!) ?? []) : given;
    const addsSavePoints = this.#readingFile && this.#savePointsReplaced;
    if (name === 'save' && this.#readingFile) this.#savePointsReplaced = true;
    return this.#config.load(parameter, args, addsSavePoints);
  }

  #loadDirective(name: string, args: readonly string[], line: ConfigLine): string | null {
    if (ignoredDirectives.has(name) && args.length === 2) return null;
    if (name === 'include' && args.length === 2) return this.#include(args[1]!);
    if (name === 'rename-command' && args.length === 3) return this.#renameCommand(args[1]!, args[2]!);
    if (name === 'user' && args.length >= 2) return this.#addUser(args.slice(1));
    if (name === 'loadmodule' && args.length >= 2) {
      this.directives.modules.push({ path: args[1]!, args: args.slice(2) });
      return null;
    }
    if (cString(name).includes('.')) return this.#setModuleParameter(name, args.slice(1));
    if (name === 'sentinel') return this.#addSentinelDirective(args.slice(1), line);
    return BAD_DIRECTIVE;
  }

  #include(file: string): string | null {
    if (this.#depth === INCLUDE_DEPTH_LIMIT) return 'Too many nested includes';
    this.#depth++;
    this.#loadText(readConfigFiles(this.#config.disk, cString(file), this.#baseDirectory()));
    this.#depth--;
    return null;
  }

  #renameCommand(from: string, to: string): string | null {
    const reason = this.#checks.renameCommand?.(from, to) ?? null;
    if (reason === null) this.directives.renamedCommands.push({ from, to });
    return reason;
  }

  #addUser(args: readonly string[]): string | null {
    const error = this.#checks.user?.(args) ?? null;
    if (error !== null) {
      const word = ['user', ...args][error.index] ?? '';
      const text = `Error in user declaration '${cString(word)}': ${error.reason}`;
      return text.slice(0, USER_ERROR_LIMIT_BYTES);
    }
    this.directives.users.push(args);
    return null;
  }

  #setModuleParameter(name: string, values: readonly string[]): string | null {
    if (values.length === 0) return 'Module config specified without value';
    this.directives.moduleParameters.set(name, values.join(' '));
    return null;
  }

  #addSentinelDirective(args: readonly string[], line: ConfigLine): string | null {
    if (args.length === 0) return null; // The bare word switched sentinel mode on before anything was read.
    if (!this.#config.sentinel) return 'sentinel directive while not in sentinel mode';
    this.directives.sentinel.push({ ...line, args });
    return null;
  }

  /** What can only be judged when all lines are known. */
  #checkWhole(): void {
    const { values } = this.#config;
    if (values.logfile !== '') this.#checkLogFile(values.logfile);
    if (values['cluster-enabled'] && values.replicaof !== null) {
      throw fatalConfigError(null, 'replicaof directive not allowed in cluster mode');
    }
  }

  #checkLogFile(name: string): void {
    try {
      this.#config.disk.open(this.#config.path(name), 'append').close();
    } catch (error) {
      if (!(error instanceof DiskError)) throw error;
      throw fatalConfigError(null, `Can't open the log file: ${error.message}`);
    }
  }
}

function trimLine(line: string): string {
  return line.replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, '');
}
