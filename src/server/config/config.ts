/**
 * The configuration of one server.
 *
 * `values` holds what the server runs with, as plain fields of one object: hot code reads
 * `config.values['proto-max-bulk-len']` and pays for a field access. Besides it, the exact text of every value is
 * kept for CONFIG GET and REWRITE. Values change in three ways:
 * - `load`: a directive of a file or of the command line, before the server runs;
 * - `set`: CONFIG SET, all or nothing. Every parameter is checked, then all are set, then the hooks of the changed
 *   ones run; a hook that returns a text puts every old value back and becomes the reason of the error;
 * - `assign`: the server itself (REPLICAOF changes replicaof), without checks or hooks.
 *
 * Subsystems act on changes through `onChange`. A hook sees the new values of all parameters of the same SET. It must
 * cope with being called again with the old ones when a later hook refuses.
 *
 * Strings are binary strings, one character per byte; `path` makes a file name of one.
 */
import { assert } from '../../core/assert.ts';
import { LOADING, SYNTAX_ERROR } from '../../core/errors.ts';
import { Glob } from '../../core/glob.ts';
import { cString, lowerCaseAscii } from '../../core/latin1.ts';
import { DiskError, type Disk } from '../../host/host.ts';
import { directoryOf } from '../../host/replace-file.ts';
import { parameters, parametersByName } from './parameters.ts';
import type { ConfigValues, NamedParameter, ParameterName } from './parameters.ts';
import type { Parameter } from './parameter.ts';
import { binaryOfPath, joinPath, pathOfBinary, resolveDirectory } from './paths.ts';
import type { ParseContext, Setting } from './value-types.ts';

const HZ_MIN = 1;
const HZ_MAX = 500;
/** Of CONFIG SET; a file may ask for less. */
const BACKLOG_MIN_BYTES = 16 * 1024;
const SENTINEL_PORT = '26379';

export interface ConfigOptions {
  readonly disk: Disk;
  /** Where relative paths start until `dir` is set. */
  readonly workingDirectory: string;
  /** Sentinel starts from other defaults and does not write save points. */
  readonly sentinel?: boolean;
  /** Absolute path of the file that the server was started with. */
  readonly file?: string | null;
  /** Takes log lines of level warning. */
  readonly warn?: (message: string) => void;
}

/** Who asks for a change. */
export interface ChangeRequest {
  /** The client is on this machine: `enable-protected-configs local` is for it. */
  readonly isLocal: boolean;
  /** A dataset is being loaded. */
  readonly loading: boolean;
}

/** Acts on a new value. A returned text refuses it. */
export type ChangeHook<N extends ParameterName = ParameterName> = (value: ConfigValues[N]) => string | null;

type AnyHook = (value: unknown) => string | null;

interface ScheduledHook {
  readonly hook: AnyHook;
  readonly target: NamedParameter;
}

export class Config {
  readonly values: ConfigValues;
  readonly sentinel: boolean;
  /** The file that CONFIG REWRITE rewrites, or null. */
  readonly file: string | null;
  readonly disk: Disk;
  /** The same object as `values`, writable. */
  readonly #values: Record<ParameterName, unknown>;
  readonly #settings = new Map<ParameterName, Setting<unknown>>();
  readonly #hooks = new Map<ParameterName, AnyHook[]>();
  readonly #warn: (message: string) => void;

  constructor(options: ConfigOptions) {
    this.disk = options.disk;
    this.sentinel = options.sentinel === true;
    this.file = options.file ?? null;
    this.#warn = options.warn ?? ((): void => {});
    // An object made by Object.fromEntries has fast fields whatever their number; one filled in a loop becomes a hash.
    const values = Object.fromEntries(parameters.map(({ name, initial }) => [name, initial.value]));
    this.#values = values as Record<ParameterName, unknown>;
    this.values = values as unknown as ConfigValues;
    for (const { name, initial } of parameters) this.#settings.set(name, initial);
    const directory = binaryOfPath(options.workingDirectory);
    this.#store('dir', { value: directory, text: directory });
    if (this.sentinel) {
      this.assign('port', SENTINEL_PORT);
      this.assign('protected-mode', 'no');
    }
    this.#addOwnHooks();
  }

  /** The same values, without hooks and without a file. */
  copy(): Config {
    const copy = new Config({
      disk: this.disk,
      workingDirectory: pathOfBinary(this.values.dir),
      sentinel: this.sentinel,
    });
    for (const [name, setting] of this.#settings) copy.#store(name, setting);
    return copy;
  }

  /** Calls `hook` after CONFIG SET has changed the parameter. One hook on several parameters runs once per SET. */
  onChange<N extends ParameterName>(name: N, hook: ChangeHook<N>): void {
    const hooks = this.#hooks.get(name);
    if (hooks) hooks.push(hook as AnyHook);
    else this.#hooks.set(name, [hook as AnyHook]);
  }

  /** The exact value as CONFIG GET prints it. */
  text(name: ParameterName): string {
    return this.#settings.get(name)!.text;
  }

  /** The value with its text, and as `parameters` declares it. */
  setting(name: ParameterName): Setting<unknown> {
    return this.#settings.get(name)!;
  }

  /** A file name out of a parameter or directive, absolute. */
  path(text: string): string {
    return joinPath(pathOfBinary(this.values.dir), pathOfBinary(text));
  }

  /** Its value must not be shown in MONITOR, the slow log or logs. */
  isSensitive(name: string): boolean {
    return parametersByName.get(lowerCaseAscii(name))?.parameter.rules.sensitive === true;
  }

  /** Names and values for CONFIG GET: exact names as the caller spells them, others by pattern. */
  get(patterns: readonly string[]): [string, string][] {
    const found = new Map<string, [string, string]>();
    const add = (spelling: string, { parameter }: NamedParameter): void => {
      const key = lowerCaseAscii(spelling);
      if (!found.has(key)) found.set(key, [spelling, this.text(parameter.name)]);
    };
    for (const pattern of patterns) {
      if (!/[[*?]/.test(cString(pattern))) {
        const named = parametersByName.get(lowerCaseAscii(pattern));
        if (named) add(pattern, named);
        continue;
      }
      const glob = new Glob(cString(pattern), { ignoreCase: true });
      for (const [name, named] of parametersByName) {
        if (named.parameter.rules.hidden !== true && glob.matchesBinary(name)) add(name, named);
      }
    }
    return [...found.values()];
  }

  /**
   * CONFIG SET.
   * @param args names and values in turn.
   * @returns null, or the whole error with its code ("ERR ...").
   */
  set(args: readonly string[], request: ChangeRequest): string | null {
    if (args.length % 2 !== 0) return SYNTAX_ERROR;
    const names = args.filter((_, index) => index % 2 === 0);
    const targets = this.#findTargets(names, request);
    if (typeof targets === 'string') return targets;
    const backup = targets.map(({ parameter }) => this.#settings.get(parameter.name)!);
    const restore = (): void => targets.forEach(({ parameter }, index) => this.#store(parameter.name, backup[index]!));

    const scheduled: ScheduledHook[] = [];
    for (const [index, target] of targets.entries()) {
      const reason = this.#setOne(target, args[2 * index + 1]!, scheduled);
      if (reason === null) continue;
      restore();
      return refusal(target.spelling, reason);
    }
    for (const { hook, target } of scheduled) {
      const reason = this.#runHook(hook, target);
      if (reason === null) continue;
      const change = `Possibly related to new ${target.spelling} setting.`;
      this.#warn(`Failed applying new configuration. ${change} Restoring previous settings.`);
      restore();
      this.#applyRestored(scheduled);
      return refusal(target.spelling, reason);
    }
    return null;
  }

  /** A change that the server makes itself. The arguments must be valid. */
  assign(name: ParameterName, ...args: string[]): void {
    const reason = this.load(parametersByName.get(name)!.parameter, args, false);
    assert(reason === null, 'a value that the server assigns is valid');
  }

  /**
   * Sets a parameter from a directive, without the rules of CONFIG SET.
   * @returns null, or why the arguments are not valid.
   */
  load(parameter: Parameter<ParameterName>, args: readonly string[], addsSavePoints: boolean): string | null {
    const parsed = parameter.type.parse(args, this.#context(parameter, addsSavePoints));
    if (typeof parsed === 'string') return parsed;
    this.#store(parameter.name, parsed);
    return null;
  }

  /** Values that are accepted out of range and then brought into it. */
  clampAfterLoading(): void {
    this.#clampHz();
  }

  /** What proc-title-template may name. `title` is the command that the process was started with. */
  titleVariables(title: string): Map<string, string> {
    const { values } = this;
    const port = values.port || values['tls-port'];
    const mode = values['cluster-enabled'] ? '[cluster]' : this.sentinel ? '[sentinel]' : '';
    return new Map([
      ['title', title],
      ['listen-addr', port ? `${values.bind[0] ?? '*'}:${port}` : `unixsocket:${values.unixsocket}`],
      ['server-mode', mode],
      ['config-file', this.file === null ? '-' : binaryOfPath(this.file)],
      ['port', String(values.port)],
      ['tls-port', String(values['tls-port'])],
      ['unixsocket', values.unixsocket],
    ]);
  }

  #store(name: ParameterName, setting: Setting<unknown>): void {
    this.#settings.set(name, setting);
    this.#values[name] = setting.value;
  }

  #context(parameter: Parameter<ParameterName>, addsSavePoints: boolean): ParseContext<unknown> {
    return {
      current: this.#settings.get(parameter.name)!,
      addsSavePoints,
      enterDirectory: (path) => this.#enterDirectory(path),
      titleVariables: () => this.titleVariables(''),
    };
  }

  #enterDirectory(text: string): { path: string } | { reason: string } {
    if (text === '') return { reason: 'No such file or directory' };
    const path = resolveDirectory(pathOfBinary(this.values.dir), pathOfBinary(text));
    try {
      const found = this.disk.stat(path);
      if (found !== null) return found.isDirectory ? { path: binaryOfPath(path) } : { reason: 'Not a directory' };
      return { reason: isBelowFile(this.disk, path) ? 'Not a directory' : 'No such file or directory' };
    } catch (error) {
      if (!(error instanceof DiskError)) throw error;
      return { reason: error.message };
    }
  }

  /** The parameters that a SET names, or the error that stops it before anything changes. */
  #findTargets(names: readonly string[], request: ChangeRequest): NamedParameter[] | string {
    const targets: NamedParameter[] = [];
    for (const name of names) {
      const target = parametersByName.get(lowerCaseAscii(name));
      if (target === undefined) {
        return replyText(`Unknown option or number of arguments for CONFIG SET - '${cString(name)}'`);
      }
      const { rules } = target.parameter;
      if (rules.immutable) return refusal(name, "can't set immutable config");
      if (rules.protected && !this.#allowsProtected(request)) return refusal(name, "can't set protected config");
      if (rules.deniedWhileLoading && request.loading) return LOADING;
      if (targets.includes(target)) return refusal(name, 'duplicate parameter');
      targets.push(target);
    }
    return targets;
  }

  #allowsProtected(request: ChangeRequest): boolean {
    const allowed = this.values['enable-protected-configs'];
    return allowed === 'yes' || (allowed === 'local' && request.isLocal);
  }

  /** Sets one parameter and schedules its hooks. Returns why the value is not valid, or null. */
  #setOne({ parameter, spelling }: NamedParameter, text: string, scheduled: ScheduledHook[]): string | null {
    const before = this.text(parameter.name);
    const reason = this.load(parameter, parameter.rules.multiArgument ? splitAtSpaces(text) : [text], false);
    if (reason !== null) return reason;
    if (!parameter.type.alwaysApplies && this.text(parameter.name) === before) return null;
    for (const hook of this.#hooks.get(parameter.name) ?? []) {
      if (scheduled.some((other) => other.hook === hook)) continue;
      scheduled.push({ hook, target: { parameter, spelling } });
    }
    return null;
  }

  #runHook(hook: AnyHook, { parameter }: NamedParameter): string | null {
    return hook(this.#values[parameter.name]);
  }

  /** Lets everybody whom a refused SET concerned act on the old values. */
  #applyRestored(scheduled: readonly ScheduledHook[]): void {
    for (const { hook, target } of scheduled) {
      const reason = this.#runHook(hook, target);
      if (reason !== null) this.#warn(`Failed applying restored failed CONFIG SET command: ${reason}`);
    }
  }

  #addOwnHooks(): void {
    this.onChange('hz', () => {
      this.#clampHz();
      return null;
    });
    this.onChange('repl-backlog-size', (bytes) => {
      if (bytes < BACKLOG_MIN_BYTES) this.assign('repl-backlog-size', String(BACKLOG_MIN_BYTES));
      return null;
    });
    const refuseTls = (): string | null => {
      const { values } = this;
      const isOn = values['tls-port'] !== 0 || values['tls-replication'] || values['tls-cluster'];
      return isOn ? 'Unable to update TLS configuration. Check server logs.' : null;
    };
    for (const name of ['tls-port', 'tls-replication', 'tls-cluster'] as const) this.onChange(name, refuseTls);
  }

  #clampHz(): void {
    const hz = Math.min(Math.max(this.values.hz, HZ_MIN), HZ_MAX);
    if (hz !== this.values.hz) this.assign('hz', String(hz));
  }
}

/** Whether the nearest thing that exists above `path` is no directory. */
function isBelowFile(disk: Disk, path: string): boolean {
  for (let parent = directoryOf(path); parent.length > 1; parent = directoryOf(parent)) {
    const found = disk.stat(parent);
    if (found !== null) return !found.isDirectory;
  }
  return false;
}

function splitAtSpaces(text: string): string[] {
  return text === '' ? [] : text.split(' ');
}

function refusal(name: string, reason: string): string {
  return replyText(`CONFIG SET failed (possibly related to argument '${cString(name)}') - ${reason}`);
}

/** An error line holds no line ends, and as a C format it has stopped at a NUL. */
function replyText(message: string): string {
  return `ERR ${message.replace(/^[\r\n]+|[\r\n]+$/g, '').replace(/[\r\n]/g, ' ')}`;
}
