/**
 * What the twin tests play: families of suites. A suite is a kind of random script, and an arena is a pair of servers,
 * this one and redis-server, on which scripts are played and everything that comes back is compared.
 *
 * A difference is thrown as an error whose message is a report: what differs, and the script that shows it. Checking
 * goes in rounds with one seed after the other, so that a round repeats alone; fast-check shrinks the script.
 */
import * as fc from 'fast-check';

/** A command with its arguments, as binary strings. */
export type Call = readonly string[];

/** Calls that only make sense together; a script is shrunk by steps. */
export type Step = readonly Call[];

export interface Arena extends AsyncDisposable {
  readonly property: fc.IAsyncPropertyWithHooks<unknown>;
  /** Calls that were played so far. */
  readonly callCount: number;
}

export interface Suite {
  readonly title: string;
  /** Scripts in `npm test`. */
  readonly runs: number;
  /** The calls of so many scripts, without playing them. */
  sample(runs: number, seed: number): Call[];
  open(): Promise<Arena>;
}

export interface Family {
  readonly name: string;
  readonly suites: readonly Suite[];
}

/** What plays scripts of one kind; `play` throws a report. */
export interface Player<Script> extends AsyncDisposable {
  play(script: Script): Promise<void>;
}

export interface SuiteOptions<Script> {
  readonly title: string;
  readonly runs: number;
  readonly scripts: fc.Arbitrary<Script>;
  readonly callsOf: (script: Script) => readonly Call[];
  readonly open: () => Promise<Player<Script>>;
}

export function makeSuite<Script>({ title, runs, scripts, callsOf, open }: SuiteOptions<Script>): Suite {
  return {
    title,
    runs,
    sample: (numRuns, seed) => fc.sample(scripts, { numRuns, seed }).flatMap((script) => [...callsOf(script)]),
    open: async () => new PlayedArena(scripts, callsOf, open, await open()),
  };
}

class PlayedArena<Script> implements Arena {
  readonly property: fc.IAsyncPropertyWithHooks<unknown>;
  callCount = 0;
  readonly #reopen: () => Promise<Player<Script>>;
  #player: Player<Script>;

  constructor(
    scripts: fc.Arbitrary<Script>,
    callsOf: (script: Script) => readonly Call[],
    reopen: () => Promise<Player<Script>>,
    player: Player<Script>,
  ) {
    this.#player = player;
    this.#reopen = reopen;
    const property = fc.asyncProperty(scripts, async (script) => {
      this.callCount += callsOf(script).length;
      await this.#play(script);
    });
    this.property = property as fc.IAsyncPropertyWithHooks<unknown>;
  }

  /** After a difference, and all the more after a server that fell silent, the next script finds fresh servers. */
  async #play(script: Script): Promise<void> {
    try {
      await this.#player.play(script);
    } catch (error) {
      await this.#player[Symbol.asyncDispose]();
      this.#player = await this.#reopen();
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#player[Symbol.asyncDispose]();
  }
}

export interface Outcome {
  readonly runs: number;
  readonly calls: number;
  /** What differs and how to see it again, or null. */
  readonly failure: string | null;
}

export interface CheckOptions {
  /** Scripts to play at least. */
  readonly runs?: number;
  /** Calls to play at least. */
  readonly calls?: number;
  readonly seed: number;
  /** Told after each round how many calls were played so far. */
  readonly onRound?: (calls: number) => void;
}

/** What a seed of a failure covers; `npm test` plays no more in its only round. */
export const RUNS_PER_ROUND = 250;

/** Plays a suite until it has played enough, or finds a difference. */
export async function check(family: string, suite: Suite, options: CheckOptions): Promise<Outcome> {
  const { runs: enoughRuns = 0, calls: enoughCalls = 0, onRound } = options;
  await using arena = await suite.open();
  let runs = 0;
  for (let { seed } = options; runs < enoughRuns || arena.callCount < enoughCalls; seed = (seed + 1) | 0) {
    const isLast = enoughCalls === 0 && enoughRuns - runs < RUNS_PER_ROUND;
    const numRuns = isLast ? enoughRuns - runs : RUNS_PER_ROUND;
    const { callCount } = arena;
    const details = await fc.check(arena.property, { seed, numRuns });
    if (details.failed) {
      const calls = callCount;
      return { runs, calls, failure: describeFailure(family, suite, seed, details.errorInstance) };
    }
    runs += numRuns;
    onRound?.(arena.callCount);
  }
  return { runs, calls: arena.callCount, failure: null };
}

function describeFailure(family: string, suite: Suite, seed: number, error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return `${suite.title}\n${message}\nAgain: npm run twin -- ${family} --runs 1 --seed ${seed}`;
}
