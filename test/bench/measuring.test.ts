import { describe, expect, it } from 'vitest';
import { HELP, MODES, parseArguments, TESTS } from '../../bench/arguments.ts';
import { encodeBatch } from '../../bench/loader.ts';
import { servedMs, summarize, type Probe } from '../../bench/prober.ts';
import { formatGoal, formatByRound, formatTable, resultFileName } from '../../bench/report.ts';
import { keysAt } from '../../bench/stall.ts';
import { requestsFor } from '../../bench/throughput.ts';

describe('the command line of the benchmark', () => {
  it('measures throughput of everything unless told otherwise', () => {
    const options = parseArguments([]);
    expect(options.modes).toEqual(['throughput']);
    expect(options.tests).toEqual(TESTS);
    expect(options.pipelines).toEqual([1, 16, 64]);
    expect(options).toMatchObject({ compare: false, pin: true, peer: true, build: true });
  });

  it('takes a mode and its options', () => {
    const options = parseArguments(['stall', '--keys', '1000', '--rounds=2', '--ours', 'node x {port}', '--no-pin']);
    expect(options).toMatchObject({ modes: ['stall'], keys: 1000, rounds: 2, ours: 'node x {port}', pin: false });
  });

  it('compares two commands in any mode', () => {
    expect(parseArguments(['compare', '--a', 'x', '--b', 'y'])).toMatchObject({ modes: ['throughput'], compare: true });
    expect(parseArguments(['memory', '--a', 'x'])).toMatchObject({ modes: ['memory'], compare: true, a: 'x', b: null });
  });

  it.each([
    [['fly'], 'unknown mode fly'],
    [['memory', 'stall'], 'one mode at a time'],
    [['compare', '--a', 'x'], 'compare needs --a CMD and --b CMD'],
    [['--rounds', '0'], '--rounds needs a whole number of at least 1, not 0'],
    [['--requests', '1e5'], '--requests needs a whole number'],
    [['--tests', 'get,zadd'], 'unknown test zadd'],
    [['--pipelines', '1,x'], '--pipelines needs a whole number'],
    [['--speed', '1'], '--speed'],
  ])('refuses %j', (argv, message) => {
    expect(() => parseArguments(argv)).toThrow(message);
  });

  it('has help for every mode', () => {
    for (const mode of [...MODES, 'compare', 'all']) expect(HELP).toMatch(new RegExp(`^  ${mode} `, 'm'));
  });
});

describe('the loader', () => {
  it('sets distinct keys of 16 bytes to distinct values of 32', () => {
    expect(encodeBatch(99, 2).toString()).toBe(
      '*3\r\n$3\r\nSET\r\n$16\r\nkey:000000000099\r\n$32\r\nvalue-of-32-bytes---000000000099\r\n' +
        '*3\r\n$3\r\nSET\r\n$16\r\nkey:000000000100\r\n$32\r\nvalue-of-32-bytes---000000000100\r\n',
    );
  });
});

describe('the prober', () => {
  const probe = (tripMs: number, blindMs = 0, takenMs = 0): Probe => ({ sentAt: 0, tripMs, blindMs, takenMs });

  it('takes off what the machine took from prober or server, whichever was longer', () => {
    expect(servedMs(probe(30, 10, 4))).toBe(20);
    expect(servedMs(probe(30, 4, 10))).toBe(20);
    expect(servedMs(probe(30))).toBe(30);
  });

  it('ranks by the wait that remains', () => {
    const report = summarize([probe(1), probe(100, 99), probe(30), probe(2)]);
    expect(report.worst[0]).toEqual(probe(30));
    expect(report).toMatchObject({ probes: 4, longestTripMs: 100, medianMs: 1 });
  });

  it('places a stall by the keys held at that time', () => {
    const timeline = [
      { at: 10, keys: 100 },
      { at: 20, keys: 200 },
    ];
    expect([5, 10, 15, 99].map((at) => keysAt(timeline, at))).toEqual([0, 100, 100, 200]);
  });
});

describe('the amount of load', () => {
  it('grows with depth and shrinks for MSET and for slow peers, but never to nothing', () => {
    expect(requestsFor(50_000, 'get', 1, 1)).toBe(50_000);
    expect(requestsFor(50_000, 'get', 64, 1)).toBeGreaterThan(requestsFor(50_000, 'get', 16, 1));
    expect(requestsFor(50_000, 'mset', 1, 1)).toBe(10_000);
    expect(requestsFor(50_000, 'get', 1, 0.1)).toBe(5_000);
    expect(requestsFor(1, 'mset', 1, 0.1)).toBe(1_000);
  });
});

describe('the report', () => {
  it('lines up names left and numbers right', () => {
    expect(
      formatTable(
        ['test', 'µs'],
        [
          ['get', '1.05'],
          ['ping', '10'],
        ],
      ),
    ).toBe(['| test |   µs |', '|------|-----:|', '| get  | 1.05 |', '| ping |   10 |'].join('\n'));
  });

  it('says whether a goal is reached', () => {
    expect(formatGoal(1.35, 1.35)).toBe('<= 1.35 yes');
    expect(formatGoal(1.36, 1.35)).toBe('<= 1.35 NO');
    expect(formatGoal(9, undefined)).toBe('');
  });

  it('shows the middle half of the rounds beside their ratio', () => {
    expect(formatByRound({ value: 1.3, byRound: 1.204, low: 1.1, high: 1.3 })).toBe('1.20 (1.10-1.30)');
  });

  it('names a file by time and mode', () => {
    expect(resultFileName('stall', new Date('2026-01-31T12:00:01.5Z'))).toBe('2026-01-31T12-00-01-stall.json');
  });
});
