/**
 * npm run docs:simulation [-- --tables]
 *
 * Writes the tables of docs/simulation.md, and without --tables takes its pictures too: Jepsen's partition as a whole, in
 * light and dark, and the moment of its failover with a message chosen.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { HistoryEntry } from '../../../src/simulation/history.ts';
import { replay } from '../../../src/simulation/replay.ts';
import { scenarios } from '../../../src/simulation/scenarios/all.ts';
import { isAboutVotes } from '../../../src/simulation/view/describe.ts';
import { renderPage } from '../../../src/simulation/view/page.ts';
import { viewOfOutcome } from '../../../src/simulation/view/viewed-run.ts';
import { Chromium, type PageOptions } from '../../support/chromium.ts';
import { projectRoot } from '../../support/project.ts';
import { withTables } from '../document.ts';
import { viewerScript } from './viewer-script.ts';

const SIZE = { width: 1360, height: 880 };
const BEFORE_S = 0.8;
const AFTER_S = 0.9;

const document = join(projectRoot, 'docs/simulation.md');
writeFileSync(document, withTables(readFileSync(document, 'utf8')));
if (!process.argv.includes('--tables')) await takePictures();

async function takePictures(): Promise<void> {
  const { schedule } = scenarios.find(({ name }) => name === 'sentinel-partition')!;
  const folder = mkdtempSync(join(tmpdir(), 'pictures-'));
  const images = join(projectRoot, 'docs/images');
  mkdirSync(images, { recursive: true });
  try {
    const run = viewOfOutcome(replay(schedule), schedule);
    const file = join(folder, 'run.html');
    writeFileSync(file, renderPage(run, viewerScript()));
    await using chromium = await Chromium.launch();
    const take = async (name: string, fragments: readonly string[], options: PageOptions): Promise<void> => {
      const url = pathToFileURL(file).href;
      const page = await chromium.open(`${url}#${fragments[0]}`, { ...SIZE, ...options });
      for (const fragment of fragments.slice(1)) await page.goTo(`${url}#${fragment}`);
      await page.until('document.documentElement.dataset.painted === "true"');
      await page.evaluate('new Promise((painted) => requestAnimationFrame(() => requestAnimationFrame(painted)))');
      writeFileSync(join(images, name), await page.screenshot());
      process.stdout.write(`docs/images/${name}\n`);
    };
    await take('partition-light.png', [''], { scheme: 'light' });
    await take('partition-dark.png', [''], { scheme: 'dark' });
    const vote = indexOfVote(run.entries);
    const seconds = run.entries[vote]!.t / 1000;
    const window = `${(seconds - BEFORE_S).toFixed(3)}s-${(seconds + AFTER_S).toFixed(3)}s`;
    await take('failover.png', [String(run.entries[vote]!.seq), window], { scheme: 'light' });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The first message by which a sentinel is asked for its vote. */
function indexOfVote(entries: readonly HistoryEntry[]): number {
  return entries.findIndex((entry) => entry.kind === 'message' && isAboutVotes(entry));
}
