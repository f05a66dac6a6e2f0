import { describe, expect, it } from 'vitest';
import { HELP, MODES, optionsFor, parseArguments, SHAPES, TESTS, TYPE_TESTS } from '../../bench/arguments.ts';
import { encodeBatch as encodeCommands, fill, type Command } from '../../bench/filler.ts';
import { ask } from '../../bench/client.ts';
import { encodeBatch } from '../../bench/loader.ts';
import { servedMs, summarize, type Probe } from '../../bench/prober.ts';
import { formatGoal, formatByRound, formatTable, resultFileName } from '../../bench/report.ts';
import { keysAt } from '../../bench/stall.ts';
import { requestsFor } from '../../bench/throughput.ts';
import { preparing, requestsFor as typeRequestsFor, scattered } from '../../bench/types.ts';
import { adding } from '../../bench/types-memory.ts';
import { startServer } from '../../src/index.ts';

describe('the command line of the benchmark', () => {
  it('measures throughput of everything unless told otherwise', () => {
    const options = optionsFor('throughput', parseArguments([]));
    expect(options.modes).toEqual(['throughput']);
    expect(options.tests).toEqual(TESTS);
    expect(options.pipelines).toEqual([1, 16, 64]);
    expect(options).toMatchObject({ compare: false, pin: true, peer: true, build: true });
  });

  it('takes a mode and its options', () => {
    const options = parseArguments(['stall', '--keys', '1000', '--rounds=2', '--ours', 'node x {port}', '--no-pin']);
    expect(options).toMatchObject({ modes: ['stall'], keys: 1000, rounds: 2, ours: 'node x {port}', pin: false });
  });

  it('gives each mode its own tests and depths, and of the chosen ones those that it knows', () => {
    const all = parseArguments(['all']);
    expect(optionsFor('types', all)).toMatchObject({ tests: TYPE_TESTS, pipelines: [1, 16] });
    expect(optionsFor('types-memory', all).tests).toEqual(SHAPES);
    expect(optionsFor('latency', all)).toMatchObject({ tests: TESTS, pipelines: [1, 16, 64] });
    const some = parseArguments(['all', '--tests', 'mset,xadd', '--pipelines', '8']);
    expect(optionsFor('types', some)).toMatchObject({ tests: ['mset', 'xadd'], pipelines: [8] });
    expect(optionsFor('throughput', some)).toMatchObject({ tests: ['mset'], pipelines: [8] });
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
    [['types', '--tests', 'get'], 'unknown test get'],
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

describe('the filler', () => {
  const noCommands: Command[] = [];

  it('encodes so many commands, and says when there are no more', () => {
    const commands = [['PING'], ['ECHO', 'x'], ['PING']][Symbol.iterator]();
    expect(encodeCommands(commands, 2)).toEqual({
      text: '*1\r\n$4\r\nPING\r\n*2\r\n$4\r\nECHO\r\n$1\r\nx\r\n',
      sent: 2,
    });
    expect(encodeCommands(commands, 2)).toEqual({ text: '*1\r\n$4\r\nPING\r\n', sent: 1 });
    expect(encodeCommands(noCommands[Symbol.iterator](), 2)).toEqual({ text: '', sent: 0 });
  });

  it('waits for every reply, and fails with the first error', async () => {
    const server = await startServer();
    try {
      const commands = Array.from({ length: 1_050 }, (_, i) => ['SADD', 'key', String(i % 700)]);
      expect(await fill(server.port, commands)).toBe(1_050);
      expect(await ask(server.port, 'SCARD', 'key')).toBe(700);
      expect(await fill(server.port, noCommands)).toBe(0);
      await expect(fill(server.port, [['PING'], ['LPUSH', 'key', 'x']])).rejects.toThrow('WRONGTYPE');
    } finally {
      await server.close();
    }
  });
});

describe('the collections that are measured', () => {
  const added = (test: string, requests: number): number => {
    const [removal, ...commands] = [...preparing(test, requests)];
    expect(removal![0]).toBe('DEL');
    const wordsPerElement = test === 'zadd' || test === 'zpopmin' || test === 'hset' ? 2 : 1;
    return commands.reduce((sum, words) => sum + (words.length - 2) / wordsPerElement, 0);
  };

  it('hold as many elements as their test needs', () => {
    expect(['lpush', 'xadd', 'mset'].map((test) => added(test, 1_050))).toEqual([0, 0, 0]);
    expect(['rpop', 'spop', 'zpopmin'].map((test) => added(test, 1_050))).toEqual([101_050, 101_050, 101_050]);
    expect(['sadd', 'hset', 'zadd', 'lrange_600'].map((test) => added(test, 9))).toEqual(Array(4).fill(100_000));
  });

  it('get fewer requests where replies are long', () => {
    expect(typeRequestsFor(50_000, 'lpush', 1, 1)).toBe(50_000);
    expect(typeRequestsFor(50_000, 'lpush', 16, 1)).toBe(400_000);
    expect(typeRequestsFor(50_000, 'lrange_600', 16, 1)).toBe(8_000);
    expect(typeRequestsFor(50_000, 'mset', 1, 1)).toBe(10_000);
  });

  it('have scores all over the range', () => {
    const scores = Array.from({ length: 1_000 }, (_, i) => scattered(i, 100));
    expect([Math.min(...scores), Math.max(...scores), new Set(scores).size]).toEqual([0, 99, 100]);
  });

  it('have the elements in one key, or ten in each', () => {
    for (const shape of SHAPES) {
      const commands = [...adding(shape, 'key:', 95)];
      expect(commands).toHaveLength(95);
      expect(new Set(commands.map(([, key]) => key)).size).toBe(shape.startsWith('small') ? 10 : 1);
    }
    expect([...adding('small-hashes', 'key:', 11)].at(-1)).toEqual([
      'HSET',
      'key:00000001',
      'field:0',
      'value-of-32-bytes---000000000010',
    ]);
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
