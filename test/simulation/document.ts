/**
 * What docs/simulation.md takes from the code: promises and scenarios. `npm run docs:simulation` writes it,
 * document.test.ts holds it.
 */
import { ACKNOWLEDGEMENT_PROMISES } from '../../src/simulation/checkers/acknowledged.ts';
import { CLUSTER_PROMISES } from '../../src/simulation/checkers/cluster.ts';
import { HISTORY_PROMISES } from '../../src/simulation/checkers/history.ts';
import { REPLICATION_PROMISES } from '../../src/simulation/checkers/replication.ts';
import { SENTINEL_PROMISES } from '../../src/simulation/checkers/sentinel.ts';
import { scenarios } from '../../src/simulation/scenarios/all.ts';

const CHAPTERS = {
  Replication: { ...REPLICATION_PROMISES, ...ACKNOWLEDGEMENT_PROMISES },
  Sentinel: SENTINEL_PROMISES,
  Cluster: CLUSTER_PROMISES,
  Clients: HISTORY_PROMISES,
} as const;

/** The page with its tables as the code has them. */
export function withTables(page: string): string {
  const promises = Object.entries(CHAPTERS).map(([chapter, list]) => {
    const rows = Object.entries(list).map(([id, promise]) => `| ${id} | ${promise} |`);
    return `**${chapter}**\n\n| id | promise |\n|---|---|\n${rows.join('\n')}`;
  });
  const agreement = 'Beside these, `agreement`: when all faults are over, all nodes come to agree within bounded time.';
  const rows = scenarios.map(({ name, tells }) => `| \`${name}\` | ${tells} |`);
  const table = `| name | what it shows |\n|---|---|\n${rows.join('\n')}`;
  return between(between(page, 'promises', `${promises.join('\n\n')}\n\n${agreement}`), 'scenarios', table);
}

function between(page: string, name: string, text: string): string {
  const [begin, end] = [`<!-- ${name}:begin -->`, `<!-- ${name}:end -->`];
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`docs/simulation.md has no place for ${name}`);
  return `${page.slice(0, from)}${begin}\n\n${text}\n\n${page.slice(to)}`;
}
