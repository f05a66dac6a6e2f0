/**
 * A run with a script beside it: code of a user, with his own clients, which waits for things that happen in the world. The
 * world stands still while the script runs, and the script waits while the world goes on; so a run with a script can be
 * repeated like any other, as long as the script waits for the world alone.
 */
import { createNodeHost } from '../../host/node/host.ts';
import { type ReplyValue, ErrorReply, ReplyParser } from '../../client/reply-parser.ts';
import { encodeCommand } from '../../client/encode-command.ts';
import type { World } from '../../sim/world.ts';
import type { Counts } from '../checker.ts';
import type { History } from '../history.ts';
import { Player } from '../play.ts';
import type { Outcome, PlayOptions, Run } from '../run.ts';
import type { Schedule } from '../schedule.ts';
import type { SimTopology } from '../topologies/topology.ts';
import { SimStream, type StreamTarget } from './stream.ts';
import { installTimers } from './timers.ts';

/** What a script sees. */
export interface ScriptRun {
  readonly schedule: Schedule;
  readonly world: World;
  readonly topology: SimTopology;
  readonly history: History;
  readonly coverage: Counts;
  /** Milliseconds since the world began. */
  readonly nowMs: number;
  /** Whether faults happen yet. */
  readonly hasFaults: boolean;
  /** A stream from a client's machine of that name to a node: `run.connect('app', { host: 'redis0', port: 6379 })`. */
  connect(client: string, target: StreamTarget): SimStream;
  /** One command over a connection of its own. @throws what went wrong, or ErrorReply */
  call(client: string, target: StreamTarget, ...words: (string | number)[]): Promise<ReplyValue>;
  sleep(durationMs: number): Promise<void>;
  /** The faults are over, and all nodes are of one mind. */
  healed(): Promise<void>;
  /** The run ends here, with a violation. */
  fail(text: string): never;
}

/** Ends by a promise that rejects if something is not as it should be. */
export type Script = (run: ScriptRun) => Promise<void>;

/** The checker in whose name a script speaks. */
export const SCRIPT = 'script';
const CALL_TIMEOUT_MS = 2000;
/** Rounds of the real event loop after which a script is taken to wait for the world. */
const SETTLE_ROUNDS = 4;

/** Plays a schedule with a script beside it. */
export async function playWith(schedule: Schedule, script: Script, options: PlayOptions = {}): Promise<Outcome> {
  return new Director(schedule, script, options).play();
}

class Director {
  readonly #player: Player;
  readonly #script: Script;
  readonly #timers = createNodeHost().timers;
  #told: (() => void)[] = [];
  #healed: (() => void)[] = [];
  #isHealed = false;
  #isDone = false;

  constructor(schedule: Schedule, script: Script, options: PlayOptions) {
    this.#player = new Player(schedule, options);
    this.#player.guest = {
      isWaitedFor: () => !this.#isDone,
      agreed: () => this.#onAgreed(),
    };
    this.#script = script;
  }

  async play(): Promise<Outcome> {
    const player = this.#player;
    const acts = player.play();
    const removeTimers = installTimers(player.world, (act) => this.#tell(act));
    let hasBegun = false;
    try {
      for (;;) {
        const { done, value } = acts.next();
        if (done) return value;
        if (!hasBegun) {
          hasBegun = true;
          void this.#begin();
        }
        for (const act of this.#told.splice(0)) act();
        await this.#settle();
      }
    } finally {
      removeTimers();
    }
  }

  async #begin(): Promise<void> {
    try {
      await this.#script(this.#view());
    } catch (error) {
      if (!(error instanceof ScriptFailure)) {
        this.#player.fail(SCRIPT, error instanceof Error ? error.message : String(error));
      }
    }
    this.#isDone = true;
  }

  #tell(act: () => void): void {
    this.#told.push(act);
    this.#player.wake();
  }

  async #settle(): Promise<void> {
    for (let round = 0; round < SETTLE_ROUNDS; round++) {
      await new Promise<void>((resolve) => this.#timers.soon(resolve));
    }
  }

  #onAgreed(): void {
    this.#isHealed = true;
    for (const resolve of this.#healed.splice(0)) this.#tell(resolve);
  }

  // ---------------------------------------------------------------------------------------------------------------- view

  #view(): ScriptRun {
    const player = this.#player;
    const { schedule, world, topology, history, coverage } = player;
    return {
      schedule,
      world,
      topology,
      history,
      coverage,
      get nowMs(): number {
        return world.nowMs;
      },
      get hasFaults(): boolean {
        return player.phase === 'faults';
      },
      connect: (client, target) => this.#connect(client, target),
      call: (client, target, ...words) => this.#call(client, target, words),
      sleep: (durationMs) =>
        new Promise((resolve) => world.at(world.nowMs + Math.max(0, durationMs), () => this.#tell(resolve))),
      healed: () =>
        new Promise((resolve) => {
          if (this.#isHealed) resolve();
          else this.#healed.push(resolve);
        }),
      fail: (text) => {
        (player as Run).fail(SCRIPT, text);
        throw new ScriptFailure(text);
      },
    };
  }

  #connect(client: string, target: StreamTarget): SimStream {
    const { world } = this.#player;
    const process = world.processes.find(({ name }) => name === client) ?? world.boot(client, () => {});
    return new SimStream(process, target, (act) => this.#tell(act));
  }

  #call(client: string, target: StreamTarget, words: readonly (string | number)[]): Promise<ReplyValue> {
    const stream = this.#connect(client, target);
    const { world } = this.#player;
    return new Promise<ReplyValue>((resolve, reject) => {
      world.at(world.nowMs + CALL_TIMEOUT_MS, () => this.#tell(() => reject(new Error(`no reply to ${words[0]}`))));
      const parser = new ReplyParser({
        onReply: (reply) => (reply instanceof ErrorReply ? reject(reply) : resolve(reply)),
        onBroken: reject,
      });
      stream.on('data', (chunk: Buffer) => parser.feed(chunk));
      stream.on('error', reject);
      stream.on('close', () => reject(new Error('the connection was closed')));
      stream.write(encodeCommand(words));
    }).finally(() => stream.destroy());
  }
}

/** The violation is noted already. */
class ScriptFailure extends Error {}
