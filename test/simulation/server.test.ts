/** A server runs inside the simulation unchanged, and one seed is one history. */
import { describe, expect, it } from 'vitest';
import { checkDeterminism, type Scenario, World } from '../../src/sim/index.ts';
import { startUp } from '../../src/server/start-up.ts';
import { composeServer } from '../../src/topology/server.ts';
import type { Host } from '../../src/host/host.ts';
import { type ClientReport, runScriptedClient } from './scripted-client.ts';

const PORT = 6379;
const CLIENTS = 20;
const SEEDS = 200;

function bootServer(host: Host): void {
  const server = composeServer(host, { host: '0.0.0.0', port: PORT, config: { 'protected-mode': false } });
  startUp(server, { anyPort: false, terminal: false, withoutConfiguration: null }, (error) => {
    if (error !== null) throw new Error(error);
  });
}

function bootClients(world: World): ClientReport {
  const report: ClientReport = { replies: 0, errors: [], reconnects: 0 };
  for (let i = 0; i < CLIENTS; i++) {
    world.boot(`client-${i}`, (host) => runScriptedClient(host, 'server', PORT, report));
  }
  return report;
}

describe('a simulated server', () => {
  it('serves simulated clients with the replies of a real one', () => {
    const world = new World({ seed: 1 });
    world.boot('server', bootServer);
    const report = bootClients(world);
    world.runFor(2000);
    expect(report.replies).toBeGreaterThan(1000);
    expect(report.reconnects).toBe(0);
    const unexpected = report.errors.filter((text) => !EXPECTED_ERRORS.some((expected) => text.includes(expected)));
    expect(unexpected).toEqual([]);
  });

  it('comes back empty after a kill, and its clients find it again', () => {
    const world = new World({ seed: 2 });
    const server = world.boot('server', bootServer);
    const report = bootClients(world);
    world.runFor(300);
    server.kill();
    world.runFor(200);
    const before = report.replies;
    server.restart();
    world.runFor(1000);
    expect(report.reconnects).toBeGreaterThanOrEqual(CLIENTS);
    expect(report.replies).toBeGreaterThan(before + 500);
  });

  it(`has the same history twice for each of ${SEEDS} seeds, with ${CLIENTS} clients, a cut and a kill`, () => {
    const hashes = new Set<number>();
    for (let seed = 1; seed <= SEEDS; seed++) hashes.add(checkDeterminism({ seed }, faultyHistory).traceHash);
    // Seeds differ from each other: a hash that sees nothing would be the same for all.
    expect(hashes.size).toBe(SEEDS);
  }, 300_000);
});

const faultyHistory: Scenario = (world) => {
  const server = world.boot('server', bootServer);
  bootClients(world);
  world.runFor(60);
  const cut = world.network.cut('server', 'client-0');
  world.runFor(40);
  cut.heal();
  server.kill();
  world.runFor(20);
  server.restart();
  world.runFor(80);
};

/** What the script provokes on purpose. */
const EXPECTED_ERRORS = [
  'no such key',
  'not an integer',
  'EXEC without MULTI',
  'nested',
  'WATCH inside MULTI',
  'EXECABORT',
];
