/**
 * A script that its client debugs: where it stops, and what is said meanwhile (eval.c, "LDB").
 *
 * The script runs as any other does, compiled with marks (lua/tracer.ts). At a line where it has to stop it waits, as a
 * slow script does when it gives way (script-execution.ts), but for its client: what the client sends goes to the debugger
 * now, and `serve` runs it, within the calls that are halted. What the debugger says leaves ahead of the reply of EVAL.
 *
 * A client that disconnects leaves a script that runs to its end, without stops.
 */
import { LuaError } from '../../../lua/lua-error.ts';
import { type LineListener, Tracer } from '../../../lua/tracer.ts';
import type { Engine } from '../../../lua/engine.ts';
import type { LuaValue } from '../../../lua/value.ts';
import type { Arguments } from '../../../core/arguments.ts';
import type { ConnectionEvents } from '../../../host/host.ts';
import type { Server } from '../../server.ts';
import type { Session } from '../../session.ts';
import { errorTable } from '../reply-to-lua.ts';
import type { ScriptRun } from '../script-run.ts';
import { runDebugCommand } from './debug-commands.ts';
import { DebugLog } from './debug-log.ts';
import { PROTOCOL_ERROR, readDebugRequest } from './debug-request.ts';
import { DebugSource } from './debug-source.ts';
import { replyText } from './reply-text.ts';
import { valueText } from './value-text.ts';

/** Of scripts, in errors. */
const CHUNK_NAME = 'user_script';
const BUFFER_BYTES_MAX = 1 << 20;
const TIMEOUT_MS_DEFAULT = 5000;
const COMMAND_WORDS_SHOWN = 10;
const CLIENT_GONE = 'timeout during Lua debugging with client closing connection';

export class ScriptDebugger implements LineListener, ConnectionEvents {
  readonly tracer: Tracer;
  readonly source: DebugSource;
  readonly log = new DebugLog();
  readonly engine: Engine;
  /** Set as soon as there is one. */
  run!: ScriptRun;
  /** The script waits for the client. */
  isStopped = false;
  /** The client is there. */
  isAttached = true;
  /** Called once when something has come. */
  #onInput: (() => void) | null = null;
  readonly #server: Server;
  readonly #session: Session;
  readonly #lastWords: string;
  /** It stops at the next line, and shows commands up to there. */
  #isStepping = true;
  /** Why it stops at the next line, if not because of a step. */
  #reason: string | null = null;
  #resumedUs = 0;
  #input = '';
  /** Something has come since it was looked at. */
  #hasNews = false;
  /** The error that is raised where the script stands. */
  #raised: string | null = null;
  #hasEnded = false;

  /** @param lastWords for the log, when it has ended. */
  constructor(server: Server, session: Session, engine: Engine, source: string, lastWords: string) {
    this.#server = server;
    this.#session = session;
    this.#lastWords = lastWords;
    this.engine = engine;
    this.tracer = new Tracer(engine.pace, this);
    this.source = new DebugSource(source);
    this.#noteResumed();
  }

  // ---------------------------------------------------------------------------------------------------------- the lines

  onLine(line: number): boolean {
    const { source } = this;
    source.line = line;
    const reason = this.#reason ?? (source.breakpoints.includes(line) ? 'break point' : null);
    if (reason === null && !this.#isStepping) return false;
    this.#isStepping = false;
    this.#reason = null;
    if (!this.isAttached) throw this.#error(CLIENT_GONE);
    this.isStopped = true;
    this.log.add(`* Stopped at ${line}, stop reason = ${reason ?? 'step over'}`);
    this.log.add(source.show(line));
    return true;
  }

  onResume(): void {
    // To the script time passes only here.
    this.#server.keyspace.setTime(this.#server.host.clock.wallMs());
    this.#noteResumed();
    if (this.#raised === null) return;
    const error = this.#error(this.#raised);
    this.#raised = null;
    throw error;
  }

  #error(text: string): LuaError {
    return new LuaError(errorTable(`ERR ${text}`, false), { chunkName: CHUNK_NAME, line: this.source.line });
  }

  #noteResumed(): void {
    this.#resumedUs = this.#server.host.clock.monotonicUs();
  }

  /** The script looks at the clock: one that has been running for too long is stopped. */
  onExhausted(): void {
    if (this.isStopped || this.#isStepping) return;
    const limitMs = this.#server.config.values['busy-reply-threshold'] || TIMEOUT_MS_DEFAULT;
    const elapsedMs = (this.#server.host.clock.monotonicUs() - this.#resumedUs) / 1000;
    if (elapsedMs < limitMs) return;
    this.#isStepping = true;
    this.#reason = 'timeout reached, infinite loop?';
  }

  // --------------------------------------------------------------------------------------- what scripts and commands say

  /** `redis.breakpoint()` */
  breakAtNextLine(): void {
    this.#reason = 'redis.breakpoint() called';
  }

  /** `redis.debug(...)` */
  debug(values: readonly LuaValue[]): void {
    const texts = values.map((value) => this.#textOf(value));
    this.log.add(`<debug> line ${this.source.line}: ${texts.join(', ')}`);
  }

  sawCommand(args: Arguments): void {
    if (!this.#isStepping) return;
    let line = '<redis>';
    for (let index = 0; index < Math.min(args.count, COMMAND_WORDS_SHOWN); index++) line += ` ${args.binary(index)}`;
    const more = args.count - COMMAND_WORDS_SHOWN - 1;
    this.log.add(args.count > COMMAND_WORDS_SHOWN ? `${line} ... (${more} more)` : line);
  }

  /** @param text with its code. */
  sawError(text: string): void {
    if (this.#isStepping) this.log.add(`<error> ${text.startsWith('ERR ') ? text.slice('ERR '.length) : `-${text}`}`);
  }

  sawReply(bytes: Buffer, errorText: string | null): void {
    if (!this.#isStepping) return;
    if (errorText !== null) this.log.add(`<error> -${errorText}`);
    this.log.addTrimmed(`<reply> ${replyText(bytes)}`);
  }

  showValue(prefix: string, value: LuaValue): void {
    this.log.addTrimmed(prefix + this.#textOf(value));
  }

  #textOf(value: LuaValue): string {
    return valueText(value, (each) => String(this.engine.toString(each)));
  }

  /** Shows the commands that `run` calls. */
  watchCommands(run: () => void): void {
    this.#isStepping = true;
    run();
    this.#isStepping = false;
  }

  // ---------------------------------------------------------------------------------------------------------- the client

  step(): true {
    this.#isStepping = true;
    return true;
  }

  /** Goes on with an error. */
  raise(text: string): true {
    this.#raised = text;
    return true;
  }

  /** The script stands still. @param onInput called once, when there is something to serve. */
  wait(onInput: () => void): void {
    if (!this.log.isEmpty) this.send();
    this.#onInput = onInput;
    if (this.#hasNews || !this.isAttached) this.#goOn();
  }

  #goOn(): void {
    const onInput = this.#onInput;
    this.#onInput = null;
    onInput?.();
  }

  data(chunk: Buffer): void {
    this.#input += chunk.toString('latin1');
    this.#hasNews = true;
    this.#goOn();
  }

  close(): void {
    this.isAttached = false;
    this.#isStepping = false;
    this.source.breakpoints.length = 0;
    this.#goOn();
  }

  /** Runs what the client has sent. @returns whether the script goes on. */
  serve(): boolean {
    if (this.isStopped) this.isStopped = this.isAttached && !this.#serve();
    return !this.isStopped;
  }

  #serve(): boolean {
    this.#hasNews = false;
    const words = readDebugRequest(this.#input);
    if (words === PROTOCOL_ERROR) return this.raise(PROTOCOL_ERROR);
    if (words === null) return this.#input.length > BUFFER_BYTES_MAX && this.raise('max client buffer reached');
    // One command at a time: what else has come is dropped.
    this.#input = '';
    const goesOn = runDebugCommand(this, words);
    if (!goesOn) this.send();
    return goesOn;
  }

  /** Sends what there is to say. */
  send(): void {
    const bytes = this.log.take();
    const session = this.#session;
    if (!session.isOpen) return;
    session.output.raw(bytes);
    session.flush();
  }

  /** The script is over; its reply follows, and then the connection is closed. */
  end(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#onInput = null;
    this.log.add('<endsession>');
    this.send();
  }

  /** The reply of EVAL has been written. */
  leave(): void {
    this.#session.successor = null;
    this.#session.closeAfterReply();
    this.#server.log.warning(this.#lastWords);
  }
}
