/**
 * Deployments as they run in production, with this server in the place of redis-server and redis-sentinel, and Debian's
 * HAProxy, keepalived and redis-cli, on hosts of a network of their own. All are played side by side; most of the time
 * is waiting for what is configured in seconds.
 *
 * `npm run deployments` plays them with redis-server instead.
 */
import { join } from 'node:path';
import { beforeAll, it } from 'vitest';
import { ensureBuilt, projectRoot } from '../support/project.ts';
import { describeInNamespaces } from '../support/requires.ts';
import { deployments } from './deployments.ts';

const BUILD_TIMEOUT_MS = 120_000;
const PLAY_TIMEOUT_MS = 400_000;

describeInNamespaces(['haproxy', 'keepalived', 'pidof', 'redis-cli'], 'deployments with this server', () => {
  beforeAll(ensureBuilt, BUILD_TIMEOUT_MS);

  for (const [name, play] of Object.entries(deployments)) {
    it.concurrent(name, () => play({ server: [process.execPath, join(projectRoot, 'dist/cli.js')] }), PLAY_TIMEOUT_MS);
  }
});
