import { describe, expect, it } from 'vitest';
import { readInstancesOutput, readUnitOutput } from './output.ts';

describe('the output of the unit suite', () => {
  it('counts a passed test once and drops the time from its name', () => {
    const { passed, failures } = readUnitOutput(
      'Testing unit/colour\n[ok]: red is a colour (0 ms)\n[ok]: blue (dark) (1203 ms)\n[1/1 done]: unit/colour (1 seconds)\n',
    );
    expect(passed).toEqual(['red is a colour', 'blue (dark)']);
    expect(failures).toEqual([]);
  });

  it('reads a failed test with its reason, and does not count its repetition at the end', () => {
    const { passed, failures } = readUnitOutput(
      [
        '[ok]: first (0 ms)',
        '[err]: paint in tests/unit/colour.tcl',
        "Expected 'green' to be equal to 'red' (context: type eval line 2)",
        '[ok]: third (0 ms)',
        '[1/1 done]: unit/colour (1 seconds)',
        '',
        '!!! WARNING The following tests failed:',
        '',
        '*** [err]: paint in tests/unit/colour.tcl',
        "Expected 'green' to be equal to 'red' (context: type eval line 2)",
      ].join('\n'),
    );
    expect(passed).toEqual(['first', 'third']);
    expect(failures).toEqual([
      { test: 'paint', text: "Expected 'green' to be equal to 'red' (context: type eval line 2)" },
    ]);
  });

  it('keeps a name that itself speaks of a file', () => {
    const { failures } = readUnitOutput('[err]: find it in tests/ or not in tests/unit/colour.tcl\nwrong\n');
    expect(failures).toEqual([{ test: 'find it in tests/ or not', text: 'wrong' }]);
  });

  it('reports a script error as the early end of the unit, after the last passed test', () => {
    const { passed, failures } = readUnitOutput(
      "[ok]: first (0 ms)\n[exception]: Executing test client: ERR unknown command 'paint'.\nERR unknown command\n    while executing\n",
    );
    expect(passed).toEqual(['first']);
    expect(failures).toEqual([{ test: '(ended early, after "first")', text: "ERR unknown command 'paint'" }]);
  });

  it('names the test that hangs when the suite gives up', () => {
    const { failures } = readUnitOutput(
      '[ok]: first (0 ms)\n[TIMEOUT]: clients state report follows.\nsock55d => (IN PROGRESS) waits for paint to dry\nKilling still running Redis server 12\n',
    );
    expect(failures).toEqual([{ test: 'waits for paint to dry', text: 'no progress within the time limit' }]);
  });

  it('says what a server was doing when no test was in progress', () => {
    const { failures } = readUnitOutput(
      '[TIMEOUT]: clients state report follows.\nsock55d => (SPAWNED SERVER) pid:12\n',
    );
    expect(failures[0]!.test).toBe('(spawned server)');
  });

  it('shows why a server did not start, without its configuration', () => {
    const { failures } = readUnitOutput(
      "[err]: Can't start the Redis server\nCONFIGURATION:port 1\nbind ::\nERROR:Bad directive\n[ok]: next (0 ms)\n",
    );
    expect(failures).toEqual([{ test: "Can't start the Redis server", text: 'ERROR:Bad directive' }]);
  });

  it('counts neither skipped nor ignored tests nor marks within a line', () => {
    const { passed, failures } = readUnitOutput(
      '[skip]: a\n[ignore]: b: Tag: slow denied\nnote [ok]: c\n[ready]: 77\n[testing]: d\n',
    );
    expect(passed).toEqual([]);
    expect(failures).toEqual([]);
  });

  it('reads through colours', () => {
    expect(readUnitOutput('[\u001B[0;32mok\u001B[0m]: red (0 ms)\n').passed).toEqual(['red']);
  });
});

describe('the output of the sentinel and cluster suites', () => {
  it('counts passed tests', () => {
    const { passed, failures } = readInstancesOutput(
      'Starting sentinel #0 at port 20000\nTesting unit: 00-paint.tcl\n10:09:08> (init) Mix: OK\n10:09:09> Paint > 50%: dry: OK\n',
    );
    expect(passed).toEqual(['(init) Mix', 'Paint > 50%: dry']);
    expect(failures).toEqual([]);
  });

  it('reads failed tests, script errors in a test and script errors between tests', () => {
    const { passed, failures } = readInstancesOutput(
      [
        '10:09:08> Mix: OK',
        '10:09:09> Paint: FAILED: still wet',
        '(Jumping to next unit after error)',
        '10:09:10> Dry: FAILED: caught an error in the test ERR unknown command',
        'FAILED: caught an error in the test no such variable',
        'WARNING 3 test(s) failed.',
      ].join('\n'),
    );
    expect(passed).toEqual(['Mix']);
    expect(failures).toEqual([
      { test: 'Paint', text: 'still wet' },
      { test: 'Dry', text: 'caught an error in the test ERR unknown command' },
      { test: '(ended early, after "Mix")', text: 'caught an error in the test no such variable' },
    ]);
  });

  it('reports servers that did not start and servers that crashed', () => {
    const { failures } = readInstancesOutput(
      'WARNING: Aborting the test.\n>>>>>>>> Problems starting redis #0: ping timeout\n=== REDIS BUG REPORT START: Cut here\n',
    );
    expect(failures.map(({ test }) => test)).toEqual(['(the suite gave up)', '(a server)']);
  });
});
