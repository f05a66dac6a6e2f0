/** The conformance suite on the real host, and what only the real host has. */
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createManualTime, createNodeHost } from '../../src/host/node/host.ts';
import { eventually } from '../support/eventually.ts';
import { itWith } from '../support/requires.ts';
import { describeDisk } from './disk-conformance.ts';
import { describeNet } from './net-conformance.ts';
import { connect, Peer, tryListen } from './peer.ts';
import { describeProcesses } from './processes-conformance.ts';
import { describeRandom } from './random-conformance.ts';
import { realStage } from './stage.ts';
import { describeTimers } from './timers-conformance.ts';

describe('the real network', () => describeNet(realStage));
describe('the real clock', () => describeTimers(realStage));
describe('the real disk', () => describeDisk(realStage));
describe('real chance and system', () => describeRandom(realStage));
describe('real programs', () => {
  describeProcesses(realStage, (directory) => {
    writeFileSync(join(directory, 'ends'), '#!/bin/sh\nexit "$1"\n', { mode: 0o755 });
    writeFileSync(join(directory, 'hangs'), '#!/bin/sh\nexec sleep 600\n', { mode: 0o755 });
  });
});

// Unix sockets stay outside the simulated set: they do not cross machines, so no fault of the simulator concerns them.
describe('unix sockets', () => {
  it('carry bytes, with the permissions that were asked for', async () => {
    const stage = await realStage();
    const address = { kind: 'unix', path: join(stage.directory, 'redis.sock') } as const;
    const server = new Peer(stage.server);
    const outcome = await tryListen(stage, { address, unixPermissions: 0o700 }, (connection) => {
      server.connection = connection;
      server.onData = (chunk) => connection.write(Buffer.from(chunk));
      return server.events();
    });
    expect(outcome.error).toBeNull();
    expect(outcome.listener?.address).toEqual(address);
    expect(statSync(address.path).mode & 0o777).toBe(0o700);
    const client = connect(stage, address);
    client.write('through the file system');
    await stage.eventually('the echo is back', () => client.text === 'through the file system');
    client.act((connection) => connection.destroy());
    server.onEnd = () => server.connection.end();
    await stage.eventually('both ends are closed', () => client.closed && server.closed);
    let freed = false;
    outcome.listener!.close(() => (freed = true));
    await stage.eventually('the listener is closed', () => freed);
    await stage.close();
  });

  it('report a path where there is none', async () => {
    const stage = await realStage();
    const client = connect(stage, { kind: 'unix', path: join(stage.directory, 'missing.sock') });
    await stage.eventually('the connection is closed', () => client.closed);
    expect(client.closes).toEqual([{ code: 'ENOENT', message: 'No such file or directory' }]);
    await stage.close();
  });
});

describe('a full device', () => {
  itWith('/dev/full', 'fails appends with ENOSPC, and those that wait behind them', async () => {
    const host = createNodeHost();
    const file = host.disk.open('/dev/full', 'append');
    const outcomes: (string | undefined)[] = [];
    for (let i = 0; i < 3; i++) file.append(Buffer.from('x'), (error) => outcomes.push(error?.code));
    await eventually(() => outcomes.length === 3, { what: 'all have failed' });
    expect(outcomes).toEqual(['ENOSPC', 'ENOSPC', 'ENOSPC']);
    expect(file.sizeBytes).toBe(0);
    expect(() => file.appendNow(Buffer.from('x'))).toThrow('No space left on device');
    file.close();
  });
});

describe('work that goes on at the end of each turn', () => {
  it('has one step per turn, however many timers have run in between', async () => {
    const { timers } = createNodeHost();
    let fired = 0;
    const periodic = timers.every(1, () => fired++);
    let steps = 0;
    let goesOn = true;
    const step = (): void => {
      steps++;
      if (goesOn) timers.soon(step);
    };
    timers.soon(step);
    await eventually(() => fired > 30, { what: 'many timers have run' });
    periodic.cancel();
    const seen: number[] = [];
    for (let i = 0; i < 10; i++) {
      const before = steps;
      await new Promise<void>((done) => setImmediate(done));
      seen.push(steps - before);
    }
    goesOn = false;
    expect(seen).toEqual(Array(10).fill(1));
  });
});

describe('a host with a manual clock', () => {
  it('serves real sockets while its timers wait to be told', async () => {
    const time = createManualTime({ wallMs: 1_000_000 });
    const host = createNodeHost({ time });
    const fired: number[] = [];
    host.timers.after(60_000, () => fired.push(host.clock.wallMs()));
    let turns = 0;
    host.timers.soon(() => turns++);
    await eventually(() => turns === 1, { what: 'the end of the turn' });
    let port = 0;
    const received: string[] = [];
    host.net.listen(
      { address: { kind: 'tcp', host: '127.0.0.1', port: 0 } },
      () => ({ data: (chunk) => received.push(chunk.toString()), close: () => {} }),
      (_error, listener) => {
        port = listener?.address.kind === 'tcp' ? listener.address.port : 0;
        received.push('listening');
        if (listener !== null) closers.push(() => listener.close());
      },
    );
    const closers: (() => void)[] = [];
    await eventually(() => port > 0, { what: 'it listens' });
    const client = host.net.connect(
      { kind: 'tcp', host: '127.0.0.1', port },
      { data: () => {}, close: () => received.push('closed') },
    );
    client.write(Buffer.from('hello'));
    await eventually(() => received.includes('hello'), { what: 'the bytes arrive' });
    expect(fired).toEqual([]);
    time.advance(60_000);
    expect(fired).toEqual([1_060_000]);
    client.destroy();
    for (const close of closers) close();
    await eventually(() => received.includes('closed'), { what: 'the connection is closed' });
  });
});

describe('the log', () => {
  it('goes where the embedder wants it', () => {
    const lines: string[] = [];
    createNodeHost({ log: (line) => lines.push(line) }).log('* Ready to accept connections');
    expect(lines).toEqual(['* Ready to accept connections']);
  });
});

describe('two hosts in one process', () => {
  it('have directories of their own', () => {
    const directories = ['a', 'b'].map((name) => mkdtempSync(join(tmpdir(), `resplica-${name}-`)));
    const hosts = directories.map((workingDirectory) => createNodeHost({ workingDirectory }));
    for (const [index, host] of hosts.entries()) {
      const file = host.disk.open('who', 'create');
      file.appendNow(Buffer.from(`host ${index}`));
      file.close();
    }
    expect(hosts.map((host) => Buffer.from(host.disk.read('who')!).toString())).toEqual(['host 0', 'host 1']);
    for (const directory of directories) rmSync(directory, { recursive: true });
  });
});
