/** The commands of the debugger, which a client gives while its script stands still (eval.c ldbRepl). */
import { lowerCaseAscii } from '../../../core/latin1.ts';
import { LuaSyntaxError } from '../../../lua/syntax-error.ts';
import { settled } from '../../../lua/suspension.ts';
import { LuaTable } from '../../../lua/table.ts';
import type { LuaFunction, LuaValue, Suspendable } from '../../../lua/value.ts';
import type { ScriptDebugger } from './script-debugger.ts';

const CHUNK_NAME = 'ldb_eval';
const LIST_CONTEXT = 5;
const WHOLE_CONTEXT = 1_000_000;
const UNKNOWN = '<error> Unknown Redis Lua debugger command or wrong number of arguments.';
const ABORTED = 'script aborted for user request';

const HELP = [
  'Redis Lua debugger help:',
  '[h]elp               Shows these lines.',
  '[s]tep               Runs this line, and stops at the next one.',
  '[n]ext               The same.',
  '[c]ontinue           Runs up to a breakpoint.',
  '[l]ist               Shows the source around this line.',
  '[l]ist [line]        Shows the source around a line; 0 is this one.',
  '[l]ist [line] [ctx]  Shows so many lines before and after it.',
  '[w]hole              Shows the whole source.',
  '[p]rint              Shows the local variables.',
  '[p]rint <var>        Shows a variable, of whichever function; also KEYS and ARGV.',
  '[b]reak              Shows the breakpoints.',
  '[b]reak <line>       Adds a breakpoint.',
  '[b]reak -<line>      Removes a breakpoint.',
  '[b]reak 0            Removes all breakpoints.',
  '[t]race              Shows which functions are running.',
  '[e]val <code>        Runs Lua code, which does not see local variables.',
  '[r]edis <cmd>        Runs a command of Redis.',
  '[m]axlen [len]       Cuts replies and values after so many bytes; 0 shows all.',
  '[a]bort              Ends the script. In sync mode, what it has changed stays.',
  '',
  'What scripts can call:',
  'redis.debug()        Shows values here.',
  'redis.breakpoint()   Stops at the next line.',
];

/** @returns whether the script goes on. */
export type DebugCommand = (debugger_: ScriptDebugger, words: readonly string[]) => boolean;

/** By their first letters and by their whole names; two names of one letter need no more than these. */
const COMMANDS: ReadonlyMap<string, DebugCommand> = new Map<string, DebugCommand>([
  ...named('help', (d) => say(d, HELP)),
  ...named('step', (d) => d.step()),
  ...named('next', (d) => d.step()),
  ...named('continue', () => true),
  ...named('trace', trace),
  ...named('maxlen', limit),
  ...named('break', changeBreakpoints),
  ...named('eval', evaluate),
  ...named('abort', (d) => d.raise(ABORTED)),
  ...named('redis', callRedis),
  ...named('print', print),
  ...named('list', list),
  ...named('whole', (d) => say(d, d.source.list(1, WHOLE_CONTEXT))),
]);

function named(name: string, command: DebugCommand): [string, DebugCommand][] {
  return [
    [name[0]!, command],
    [name, command],
  ];
}

/** Runs a command. @returns whether the script goes on. */
export function runDebugCommand(debugger_: ScriptDebugger, words: readonly string[]): boolean {
  const command = COMMANDS.get(lowerCaseAscii(words[0]!));
  return command === undefined ? say(debugger_, [UNKNOWN]) : command(debugger_, words);
}

function say({ log }: ScriptDebugger, lines: readonly string[]): false {
  for (const line of lines) log.add(line);
  return false;
}

/** As C's atoi. */
function integerOf(word: string): number {
  return Number.parseInt(word, 10) || 0;
}

function list(d: ScriptDebugger, [, line, context]: readonly string[]): false {
  const asked = line === undefined ? 0 : integerOf(line);
  const around = asked > 0 ? asked : d.source.line;
  return say(d, d.source.list(around, context === undefined ? LIST_CONTEXT : integerOf(context)));
}

function limit({ log }: ScriptDebugger, words: readonly string[]): false {
  if (words.length === 2) log.limit(integerOf(words[1]!));
  const state = log.bytesMax > 0 ? `truncated at ${log.bytesMax} bytes` : 'unlimited';
  log.add(`<value> replies are ${state}.`);
  return false;
}

function trace(d: ScriptDebugger): false {
  for (const [level, { name, line }] of d.tracer.frames().entries()) {
    say(d, [`${level === 0 ? 'In' : 'From'} ${name ?? 'top level'}:`, d.source.show(line)]);
  }
  return false;
}

// -------------------------------------------------------------------------------------------------------------- values

function print(d: ScriptDebugger, words: readonly string[]): false {
  if (words.length === 2) return printOne(d, words[1]!);
  const variables = d.tracer.current?.variables() ?? [];
  for (const [name, value] of variables) d.showValue(`<value> ${name} = `, value);
  return variables.length === 0 ? say(d, ['No local variables in the current context.']) : false;
}

/** The innermost function that has such a variable shows it; of several, the one that was declared first. */
function printOne(d: ScriptDebugger, name: string): false {
  for (const frame of d.tracer.frames()) {
    const found = frame.variables().find(([each]) => each === name);
    if (found === undefined) continue;
    d.showValue('<value> ', found[1]);
    return false;
  }
  if (name !== 'KEYS' && name !== 'ARGV') return say(d, ['No such variable.']);
  d.showValue('<value> ', d.engine.globals.getString(name));
  return false;
}

/** As an expression, or else as statements. */
function evaluate(d: ScriptDebugger, words: readonly string[]): false {
  const code = words.slice(1).join(' ');
  try {
    const { pace } = d.engine;
    const result = load(d, code)();
    const end = settled(result) ? result : pace.drain(result as Suspendable);
    d.showValue('<retval> ', (Array.isArray(end) ? end[0] : end) as LuaValue);
  } catch (error) {
    const value = error instanceof LuaSyntaxError ? error.message : d.engine.caught(error);
    say(d, [`<error> ${value instanceof LuaTable ? '(null)' : String(value ?? '(null)')}`]);
  }
  return false;
}

function load({ engine }: ScriptDebugger, code: string): LuaFunction {
  try {
    return engine.load(`return ${code}`, CHUNK_NAME);
  } catch {
    return engine.load(code, CHUNK_NAME);
  }
}

/** The command and its reply are shown as those of a script that goes step by step. */
function callRedis(d: ScriptDebugger, words: readonly string[]): false {
  if (words.length === 1) return say(d, [UNKNOWN]);
  d.watchCommands(() => d.run.execute(words.slice(1)));
  return false;
}

// --------------------------------------------------------------------------------------------------------- breakpoints

function changeBreakpoints(d: ScriptDebugger, words: readonly string[]): false {
  const { breakpoints } = d.source;
  if (words.length > 1) {
    for (const word of words.slice(1)) changeBreakpoint(d, word);
    return false;
  }
  if (breakpoints.length === 0) return say(d, ["No breakpoints set. Use 'b <line>' to add one."]);
  return say(d, [`${breakpoints.length} breakpoints set:`, ...breakpoints.map((line) => d.source.show(line))]);
}

function changeBreakpoint(d: ScriptDebugger, word: string): false {
  const { source } = d;
  if (!/^(?:0|-?[1-9]\d{0,17})$/.test(word)) return say(d, [`Invalid argument:'${word}'`]);
  const line = Number(word);
  if (line === 0) {
    source.breakpoints.length = 0;
    return say(d, ['All breakpoints removed.']);
  }
  if (line < 0) {
    return say(d, [source.removeBreakpoint(-line) ? 'Breakpoint removed.' : 'No breakpoint in the specified line.']);
  }
  if (source.isFull) return say(d, ['Too many breakpoints set.']);
  return say(d, source.addBreakpoint(line) ? source.list(line, 1) : ['Wrong line number.']);
}
