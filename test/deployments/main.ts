/**
 * Plays the deployments with any binaries: `npm run deployments -- [--server 'node dist/cli.js'] [name …]`. Without
 * `--server`, redis-server plays them itself, which says whether the scenarios are right.
 */
import { deployments } from './deployments.ts';
import { REAL } from './programs.ts';

const words = process.argv.slice(2);
const at = words.indexOf('--server');
const server = at < 0 ? REAL.server : words.splice(at, 2)[1]!.split(' ');
const names = words.length > 0 ? words : Object.keys(deployments);
await Promise.all(
  names.map(async (name) => {
    const play = deployments[name];
    if (play === undefined) throw new Error(`There is no ${name}; there are ${Object.keys(deployments).join(', ')}.`);
    const start = performance.now();
    await play({ server });
    process.stdout.write(`${name}: passed in ${((performance.now() - start) / 1000).toFixed(1)} s\n`);
  }),
);
