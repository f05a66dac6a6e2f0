import { describe, expect, it } from 'vitest';
import { encodeCommand, parseInfo } from '../../bench/client.ts';
import { parseCommand, splitWords } from '../../bench/contestants.ts';
import { parseBusyTicks, parseTreeTicks } from '../../bench/noise.ts';
import { choosePinning, parseCoreList, pinned } from '../../bench/pinning.ts';
import { cpuFromInfo, parseProcStat, parseProcStatus } from '../../bench/process-meter.ts';
import { parseCsv, parseLatency } from '../../bench/redis-benchmark.ts';

describe('a server command', () => {
  it('is split as a shell splits it', () => {
    expect(splitWords(`node  'a b' "c \\"d\\"" e\\ f --save '' x'y'z`)).toEqual([
      'node',
      'a b',
      'c "d"',
      'e f',
      '--save',
      '',
      'xyz',
    ]);
  });

  it('takes environment in front', () => {
    expect(parseCommand(`A=1 B='two words' node server.js {port}`, 7000)).toEqual({
      argv: ['node', 'server.js', '7000'],
      env: { A: '1', B: 'two words' },
    });
  });

  it('gets the port appended where it names none', () => {
    expect(parseCommand('redis-server --maxmemory x=1', 7000).argv).toEqual([
      'redis-server',
      '--maxmemory',
      'x=1',
      '--port',
      '7000',
    ]);
  });

  it('needs a program', () => {
    expect(() => parseCommand('A=1', 7000)).toThrow(/^no program in the command: A=1$|^spawn/);
    expect(() => parseCommand('A=1 B={port}', 7000)).toThrow('no program in the command: A=1 B={port}');
  });
});

describe('what redis-benchmark prints', () => {
  it('gives the rate of each line of its CSV', () => {
    const csv = '"test","rps","avg_latency_ms"\n"GET","89686.09","0.289"\n"MSET (10 keys)","71684.59","0.621"\n';
    expect(parseCsv(csv)).toEqual([89686.09, 71684.59]);
  });

  it('gives latencies from its long form', () => {
    const text = [
      'GET: rps=87873.5 (overall: 87873.5) avg_msec=0.301\r====== GET ======',
      'Latency by percentile distribution:',
      '0.000% <= 0.087 milliseconds (cumulative count 2)',
      '50.000% <= 0.287 milliseconds (cumulative count 58486)',
      '98.438% <= 0.511 milliseconds (cumulative count 98438)',
      '99.219% <= 0.591 milliseconds (cumulative count 99228)',
      '99.805% <= 1.239 milliseconds (cumulative count 99811)',
      '99.902% <= 1.447 milliseconds (cumulative count 99903)',
      '100.000% <= 4.135 milliseconds (cumulative count 100000)',
      'Cumulative distribution of latencies:',
      '0.005% <= 0.103 milliseconds (cumulative count 5)',
      '100.000% <= 5.103 milliseconds (cumulative count 100000)',
      'Summary:',
      '  latency summary (msec):',
      '          avg       min       p50       p95       p99       max',
      '        0.301     0.080     0.287     0.439     0.551     4.135',
    ].join('\n');
    expect(parseLatency(text)).toEqual({ p50Ms: 0.287, p99Ms: 0.551, p999Ms: 1.447, maxMs: 4.135 });
  });

  it('is refused where it holds no table', () => {
    expect(() => parseLatency('Could not connect')).toThrow('no latency table');
  });
});

describe('what a server and the kernel tell about its process', () => {
  it('is CPU time in INFO, in microseconds', () => {
    expect(cpuFromInfo('# CPU\r\nused_cpu_sys:1.140154\r\nused_cpu_user:0.283129\r\n')).toBe(1_423_283);
  });

  it('is nothing where INFO says nothing, or is no INFO', () => {
    expect(cpuFromInfo('# CPU\r\nused_cpu_sys:1.140154\r\n')).toBeNull();
    expect(cpuFromInfo(['save', ''])).toBeNull();
    expect(cpuFromInfo(null)).toBeNull();
  });

  it('is utime and stime in /proc/PID/stat, whatever the process is called', () => {
    const rest = 'S 1 2 3 4 5 6 7 8 9 10 150 50 7 3 20 0 1 0';
    expect(parseProcStat(`42 (redis-server) ${rest}`)).toBe(2_000_000);
    expect(parseProcStat(`42 (a) b (c) ${rest}`)).toBe(2_000_000);
    expect(parseTreeTicks(`42 (a) b (c) ${rest}`)).toBe(210);
  });

  it('is memory in /proc/PID/status', () => {
    const status = 'VmHWM:\t  161280 kB\nVmRSS:\t   13312 kB\nThreads:\t5\n';
    expect(parseProcStatus(status, 'VmRSS')).toBe(13_312 * 1024);
    expect(parseProcStatus(status, 'VmHWM')).toBe(161_280 * 1024);
    expect(parseProcStatus(status, 'VmSwap')).toBeNull();
  });

  it('is the busy time of the machine, without idle and waiting for disks', () => {
    expect(parseBusyTicks('cpu  100 1 20 9999 888 3 4 5 0 0\ncpu0 1 2 3\n')).toBe(133);
  });

  it('is fields of INFO without headings', () => {
    expect(parseInfo('# Memory\r\nused_memory:10\r\nexecutable:/a:b\r\n')).toEqual(
      new Map([
        ['used_memory', '10'],
        ['executable', '/a:b'],
      ]),
    );
  });
});

describe('pinning', () => {
  it('reads lists of cores', () => {
    expect(parseCoreList('0-2,5\n')).toEqual([0, 1, 2, 5]);
    expect(parseCoreList('3')).toEqual([3]);
    expect(parseCoreList('')).toEqual([]);
  });

  it('keeps load and server off the same physical core where there is a choice', () => {
    expect(choosePinning([0, 1, 2, 3], [0, 1])).toEqual({ serverCore: 0, clientCore: 2 });
    expect(choosePinning([4, 5], [4, 5])).toEqual({ serverCore: 4, clientCore: 5 });
  });

  it('does nothing on one core', () => {
    expect(choosePinning([0], [0])).toBeNull();
    expect(pinned(['redis-server'], null)).toEqual(['redis-server']);
  });
});

describe('a request', () => {
  it('counts bytes, not characters', () => {
    expect(encodeCommand(['SET', 'é'])).toBe('*2\r\n$3\r\nSET\r\n$2\r\né\r\n');
  });
});
