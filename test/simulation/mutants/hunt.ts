/** Plays schedules with a mutant, in a process of its own, and judges what came of it. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { bundlePlayer } from './bundle.ts';
import type { Mutant } from './mutant.ts';
import type { Order, Report } from './player.ts';

const run = promisify(execFile);
const OUTPUT_BYTES_MAX = 16 * 1024 * 1024;
/** What a player has for its start, and for the schedule that it is at when its time is up. */
const GRACE_MS = 120_000;

export interface Finding {
  readonly isKilled: boolean;
  readonly played: number;
  readonly checker: string;
  /** What the checker said, or why that is not enough. */
  readonly text: string;
  readonly schedule: unknown;
}

export interface HuntOptions {
  /** Multiplies the budgets. */
  readonly budget: number;
  /** Bound for each search. */
  readonly seconds: number;
}

export class Hunt {
  readonly #folder: string;
  readonly #options: HuntOptions;
  readonly #bundles = new Map<string, Promise<string>>();

  /** @param folder a temporary one, for bundles. */
  constructor(folder: string, options: HuntOptions) {
    this.#folder = folder;
    this.#options = options;
  }

  async search(mutant: Mutant, seed: number): Promise<Finding> {
    const { profile, schedules } = mutant;
    const { budget, seconds } = this.#options;
    const order = { profile, seed, schedules: Math.ceil(schedules * budget), budgetMs: seconds * 1000 };
    const { played, failure } = await this.#play(mutant, order);
    if (failure === null) return { isKilled: false, played, checker: '', text: 'nobody spoke', schedule: null };
    const { checker, text, schedule } = failure;
    const finding = { isKilled: false, played, checker, schedule };
    if (!mutant.checkers.includes(checker)) return { ...finding, text: `the wrong one spoke: ${checker} ${text}` };
    const { failure: sane } = await this.#play(null, { ...order, schedule });
    if (sane !== null) return { ...finding, text: `the code as it is fails too: ${sane.checker} ${sane.text}` };
    return { ...finding, isKilled: true, text };
  }

  async #play(mutant: Mutant | null, order: Order): Promise<Report> {
    const name = mutant?.name ?? 'sane';
    let bundle = this.#bundles.get(name);
    if (bundle === undefined) {
      const outfile = join(this.#folder, `${name}.mjs`);
      bundle = bundlePlayer(mutant?.edits ?? [], outfile).then(() => outfile);
      this.#bundles.set(name, bundle);
    }
    const { stdout } = await run(process.execPath, [await bundle, JSON.stringify(order)], {
      maxBuffer: OUTPUT_BYTES_MAX,
      timeout: order.budgetMs + GRACE_MS,
    });
    return JSON.parse(stdout) as Report;
  }
}
