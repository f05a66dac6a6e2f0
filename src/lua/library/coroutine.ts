/**
 * The `coroutine` library (manual section 5.2; lbaselib.c).
 *
 * In a chunk that names `coroutine`, every function is a generator. `yield` sends a `Yielded` up through all calls to
 * the `resume` that runs them; anything else that comes up is a script giving way, and goes on up. Where a call cannot
 * wait, a coroutine cannot yield, just as in Lua.
 */
import type { Engine } from '../engine.ts';
import { LuaError } from '../lua-error.ts';
import { currentPosition, where } from '../stack.ts';
import { settled, Yielded } from '../suspension.ts';
import { LuaTable } from '../table.ts';
import type { LuaFunction, LuaValue, Opaque, Results, Suspendable } from '../value.ts';
import { CallArguments, register } from './arguments.ts';
import { asResults } from './base.ts';

type Status = 'suspended' | 'running' | 'normal' | 'dead';

class Thread implements Opaque {
  readonly luaType = 'thread';
  readonly body: LuaFunction;
  status: Status = 'suspended';
  /** Null before the first resume. */
  call: Suspendable | null = null;

  constructor(body: LuaFunction) {
    this.body = body;
  }
}

/** The coroutine that runs, innermost. */
class Current {
  thread: Thread | null = null;
}

export function registerCoroutine(engine: Engine): void {
  const current = new Current();
  const thread = (given: CallArguments): Thread => {
    const value = given.at(1);
    if (!(value instanceof Thread)) throw given.error(1, 'coroutine expected');
    return value;
  };
  const create = (given: CallArguments): Thread => {
    const body = given.at(1);
    if (typeof body !== 'function') throw given.error(1, 'Lua function expected');
    return new Thread(body);
  };
  const library = register(new LuaTable(), {
    create: (...args) => create(new CallArguments(args)),
    resume: (...args) => resumeThread(engine, current, thread(new CallArguments(args)), args.slice(1)),
    yield: (...args) => yieldValues(args),
    status: (...args) => thread(new CallArguments(args)).status,
    running: () => current.thread ?? undefined,
    wrap: (...args) => {
      const wrapped = create(new CallArguments(args));
      return (...values: LuaValue[]) => runWrapped(engine, current, wrapped, values);
    },
  });
  engine.globals.setString('coroutine', library);
}

function* yieldValues(values: readonly LuaValue[]): Suspendable {
  try {
    return asResults((yield new Yielded(values)) as readonly LuaValue[]) as LuaValue | readonly LuaValue[];
  } catch (error) {
    // It cannot yield here. Who found out does not know where that is.
    throw error instanceof LuaError ? new LuaError(error.value, currentPosition()) : error;
  }
}

/** Resumes; gives true and what was yielded or returned, or false and the error. The name matters: see stack.ts. */
function* resumeThread(engine: Engine, current: Current, thread: Thread, args: readonly LuaValue[]): Suspendable {
  if (thread.status !== 'suspended') return [false, `cannot resume ${thread.status} coroutine`];
  const outer = current.thread;
  if (outer !== null) outer.status = 'normal';
  thread.status = 'running';
  current.thread = thread;
  try {
    return [true, ...(yield* advance(thread, args))];
  } catch (error) {
    thread.status = 'dead';
    return [false, engine.caught(error)];
  } finally {
    current.thread = outer;
    if (outer !== null) outer.status = 'running';
  }
}

/** Runs a coroutine up to its next yield or its end. */
function* advance(thread: Thread, args: readonly LuaValue[]): Generator<unknown, readonly LuaValue[], unknown> {
  let input: unknown = args;
  if (thread.call === null) {
    const result: Results = thread.body(...args);
    if (settled(result)) {
      thread.status = 'dead';
      return Array.isArray(result) ? (result as LuaValue[]) : [result as LuaValue];
    }
    thread.call = result as Suspendable;
    input = undefined;
  }
  for (;;) {
    const step = thread.call.next(input);
    if (step.done === true) {
      thread.status = 'dead';
      return Array.isArray(step.value) ? (step.value as LuaValue[]) : [step.value as LuaValue];
    }
    if (step.value instanceof Yielded) {
      thread.status = 'suspended';
      return step.value.values;
    }
    input = yield step.value;
  }
}

/** The function that `wrap` gives: errors go on, and say where they went through. */
function* runWrapped(engine: Engine, current: Current, thread: Thread, args: readonly LuaValue[]): Suspendable {
  const [succeeded, ...results] = (yield* resumeThread(engine, current, thread, args)) as LuaValue[];
  if (succeeded === true) return asResults(results) as LuaValue | readonly LuaValue[];
  const [error] = results;
  throw new LuaError(typeof error === 'string' ? where(1) + error : error, currentPosition());
}
