import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DurationHistogram } from '../../src/server/duration-histogram.ts';
import { LatencyMonitor } from '../../src/server/latency-monitor.ts';
import { drawSparkline } from '../../src/server/sparkline.ts';
import { type ServerHandle, startServer } from '../../src/topology/server.ts';
import { RespClient } from '../support/resp-client.ts';

let server: ServerHandle;

beforeEach(async () => {
  server = await startServer({ config: { 'latency-monitor-threshold': 40, 'enable-debug-command': 'yes' } });
});

afterEach(() => server.close());

async function sleep(milliseconds: number): Promise<void> {
  await server.execute('DEBUG', 'SLEEP', String(milliseconds / 1000));
}

describe('LATENCY', () => {
  it('notes slow commands: the newest, the worst, and all by second', async () => {
    await sleep(120);
    await sleep(60);
    const [[event, seconds, newest, worst]] = (await server.execute('LATENCY', 'LATEST')) as [
      [string, number, number, number],
    ];
    expect(event).toBe('command');
    expect(seconds).toBeGreaterThan(1.7e9);
    expect(newest).toBeGreaterThanOrEqual(60);
    expect(worst).toBeGreaterThanOrEqual(120);
    const history = (await server.execute('LATENCY', 'HISTORY', 'command')) as [number, number][];
    expect(history.length).toBeGreaterThanOrEqual(1);
    expect(history.at(-1)![0]).toBe(seconds);
    expect(await server.execute('LATENCY', 'HISTORY', 'fork')).toEqual([]);
  });

  it('draws and explains what it noted, and forgets it', async () => {
    await sleep(60);
    const graph = String(await server.execute('LATENCY', 'GRAPH', 'command'));
    expect(graph).toMatch(/^command - high \d+ ms, low \d+ ms \(all time high \d+ ms\)\n-{80}\n/);
    expect(String(await server.execute('LATENCY', 'DOCTOR'))).toContain('1. command: 1 spikes');
    expect(await server.execute('LATENCY', 'RESET', 'fork', 'nosuch')).toBe(0);
    expect(await server.execute('LATENCY', 'RESET', 'COMMAND')).toBe(1);
    expect(await server.execute('LATENCY', 'LATEST')).toEqual([]);
    await expect(server.execute('LATENCY', 'GRAPH', 'command')).rejects.toThrow(
      "ERR No samples available for event 'command'",
    );
    await sleep(60);
    expect(await server.execute('LATENCY', 'RESET')).toBe(1);
  });

  it('notes nothing when it is off', async () => {
    await server.execute('CONFIG', 'SET', 'latency-monitor-threshold', '0');
    await sleep(60);
    expect(await server.execute('LATENCY', 'LATEST')).toEqual([]);
    expect(String(await server.execute('LATENCY', 'DOCTOR'))).toContain('is off');
  });

  it('shows how long the calls of commands took', async () => {
    await server.execute('CONFIG', 'RESETSTAT');
    await server.execute('SET', 'a', 'b');
    await server.execute('SET', 'a', 'b');
    await server.execute('CLIENT', 'ID');
    const all = (await server.execute('LATENCY', 'HISTOGRAM')) as unknown[];
    expect(all.filter((_, i) => i % 2 === 0)).toEqual(expect.arrayContaining(['set', 'client|id', 'config|resetstat']));
    const [name, details] = (await server.execute('LATENCY', 'HISTOGRAM', 'SET', 'nosuch')) as [string, unknown[]];
    expect(name).toBe('set');
    expect(details.slice(0, 3)).toEqual(['calls', 2, 'histogram_usec']);
    const container = (await server.execute('LATENCY', 'HISTOGRAM', 'client')) as unknown[];
    expect(container.filter((_, i) => i % 2 === 0)).toEqual(['client|id']);
    expect(await server.execute('LATENCY', 'HISTOGRAM', 'get')).toEqual([]);
  });

  it('answers maps in RESP3', async () => {
    await using client = await RespClient.connect({ port: server.port });
    await client.call('HELLO', 3);
    await client.call('ECHO', 'x');
    const reply = await client.callRaw('LATENCY', 'HISTOGRAM', 'echo');
    expect(reply).toMatch(
      /^%1\r\n\$4\r\necho\r\n%2\r\n\$5\r\ncalls\r\n:1\r\n\$14\r\nhistogram_usec\r\n%1\r\n:\d+\r\n:1\r\n$/,
    );
  });

  it('checks the number of arguments', async () => {
    await expect(server.execute('LATENCY', 'HELP', 'x')).rejects.toThrow(
      "wrong number of arguments for 'latency|help' command",
    );
    await expect(server.execute('LATENCY', 'FOO')).rejects.toThrow("unknown subcommand 'FOO'. Try LATENCY HELP.");
  });
});

describe('The latency monitor', () => {
  it('keeps the worst of each second, 160 seconds of them, and the worst of all', () => {
    let nowMs = 0;
    const monitor = new LatencyMonitor(
      () => 10,
      () => nowMs,
    );
    monitor.note('command', 9_999);
    expect(monitor.events.size).toBe(0);
    monitor.note('command', 500_000);
    monitor.note('command', 20_000);
    for (let second = 1; second <= 200; second++) {
      nowMs = second * 1000;
      monitor.note('command', 10_000);
      monitor.note('command', 30_000);
    }
    const { samples, maxMs } = monitor.events.get('command')!;
    expect(samples.length).toBe(160);
    expect(samples.at(-1)).toEqual({ unixSeconds: 200, durationMs: 30 });
    expect(maxMs).toBe(500);
  });
});

describe('A histogram of durations', () => {
  it('counts up by powers of two, where the count grows', () => {
    const histogram = new DurationHistogram();
    for (const us of [0, 1, 2, 3, 5, 9, 17, 33, 1000, 1_000_000]) histogram.record(us, 1);
    expect(histogram.cumulative()).toEqual([
      [1, 2],
      [2, 3],
      [4, 4],
      [8, 5],
      [16, 6],
      [33, 8],
      [1056, 9],
      [1082130, 10],
    ]);
  });

  it('tells percentiles within a sixteenth', () => {
    const histogram = new DurationHistogram();
    for (let us = 1; us <= 10_000; us++) histogram.record(us, 1);
    for (const percent of [1, 50, 99, 99.9]) {
      const exact = percent * 100;
      expect(histogram.percentile(percent)).toBeGreaterThanOrEqual(exact);
      expect(histogram.percentile(percent)).toBeLessThanOrEqual(exact * (1 + 1 / 16) + 1);
    }
    expect(histogram.total).toBe(10_000);
  });
});

describe('A sparkline', () => {
  it('is four rows high, each of three steps, with labels below', () => {
    const samples = [0, 3, 6, 9, 12].map((value) => ({ value, label: `${value}s` }));
    expect(drawSparkline(samples).split('\n')).toEqual([
      '   _#',
      '  _||',
      ' _|||',
      '_||||',
      '     ',
      '03691',
      'ssss2',
      '    s',
      '',
    ]);
  });

  it('goes on below after 80 samples', () => {
    const samples = Array.from({ length: 100 }, (_, i) => ({ value: i, label: 'x' }));
    const lines = drawSparkline(samples).split('\n');
    expect(lines.map(({ length }) => length)).toEqual([80, 80, 80, 80, 80, 80, 0, 20, 20, 20, 20, 20, 20, 0]);
  });
});
