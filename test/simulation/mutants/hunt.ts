/** Plays schedules with a mutant, in a process of its own, and judges what came of it. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { bundlePlayer } from './bundle.ts';
import type { Edit, Mutant } from './mutant.ts';
import type { Order, Report } from './player.ts';

const run = promisify(execFile);
const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;

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
  /** Bound for each search, of the processor's time. */
  readonly seconds: number;
  /** Draws from the whole profile, and not where mutants are likely to be found. */
  readonly wide: boolean;
}

/** Lets a player do something. @param node the program that runs it. */
export async function order(player: string, what: Order, node = process.execPath): Promise<Report> {
  const { stdout } = await run(node, [player, JSON.stringify(what)], { maxBuffer: OUTPUT_BYTES_MAX });
  return JSON.parse(stdout) as Report;
}

export class Hunt {
  readonly #folder: string;
  readonly #options: HuntOptions;
  readonly #players = new Map<string, Promise<string>>();
  /** Violations that no mutant made, with their schedules. */
  readonly insane: string[] = [];

  /** @param folder a temporary one, for bundles. */
  constructor(folder: string, options: HuntOptions) {
    this.#folder = folder;
    this.#options = options;
  }

  /** Schedules that the code as it is fails, too, are passed over; `insane` says which. */
  async search(mutant: Mutant, seed: number): Promise<Finding> {
    const { name, profile, edits, focus } = mutant;
    const where = this.#options.wide ? {} : { focus };
    const schedules = Math.ceil(mutant.schedules * this.#options.budget);
    const player = await this.#player(name, edits);
    const budgetMs = this.#options.seconds * 1000;
    for (let from = 0; ;) {
      const search = { kind: 'search', profile, seed, schedules, from, budgetMs, ...where } as const;
      const { played, failure } = await order(player, search);
      const finding = { isKilled: false, played, checker: '', schedule: null };
      if (failure === null) return { ...finding, text: 'nobody spoke' };
      const { checker, text, schedule } = failure;
      const sane = await order(await this.#player('none', []), {
        kind: 'replay',
        profile,
        seed,
        schedules: 1,
        schedule,
      });
      from = played;
      if (sane.failure !== null) {
        this.insane.push(`${sane.failure.checker}: ${sane.failure.text}\n  ${JSON.stringify(schedule)}`);
        continue;
      }
      const isKilled = mutant.checkers.includes(checker);
      return {
        isKilled,
        played,
        checker,
        text: isKilled ? text : `the wrong one spoke: ${checker}: ${text}`,
        schedule,
      };
    }
  }

  /** Plays one schedule with the mutant and without it. */
  async testify({ name, profile, edits, checkers }: Mutant, schedule: unknown): Promise<Finding> {
    const what = { kind: 'replay', profile, seed: 0, schedules: 1, schedule } as const;
    const { failure } = await order(await this.#player(name, edits), what);
    const finding = { isKilled: false, played: 1, checker: failure?.checker ?? '', schedule };
    if (failure === null) return { ...finding, text: 'nobody spoke' };
    const said = `${failure.checker}: ${failure.text}`;
    if (!checkers.includes(failure.checker)) return { ...finding, text: `the wrong one spoke: ${said}` };
    const sane = await order(await this.#player('none', []), what);
    if (sane.failure !== null) return { ...finding, text: `without the mistake, too: ${sane.failure.checker}` };
    return { ...finding, isKilled: true, text: said };
  }

  #player(name: string, edits: readonly Edit[]): Promise<string> {
    let player = this.#players.get(name);
    if (player === undefined) {
      const outfile = join(this.#folder, `${name}.mjs`);
      player = bundlePlayer(edits, outfile).then(() => outfile);
      this.#players.set(name, player);
    }
    return player;
  }
}
