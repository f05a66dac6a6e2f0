import { describe, expect, it } from 'vitest';
import { splitArguments } from '../../../src/core/split-args.ts';
import { loadDirectives, namedHosts } from '../../../src/sentinel/config/load.ts';
import type { SentinelState } from '../../../src/sentinel/state.ts';
import type { SentinelDirective } from '../../../src/server/config/grammar.ts';
import { FakeMachine, MY_ID, OTHER_ID } from '../fake-machine.ts';

function directives(lines: readonly string[]): SentinelDirective[] {
  return lines.map((text, index) => ({ number: index + 1, text, args: splitArguments(text)!.slice(1) }));
}

function load(...lines: string[]): SentinelState {
  const machine = new FakeMachine();
  loadDirectives(directives(lines), machine, { isExecutable: (path) => path === '/bin/notify' });
  return machine.state;
}

const MONITOR = 'sentinel monitor m 10.0.0.1 6379 2';

describe('the sentinel lines of a configuration', () => {
  it('may stand in any order', () => {
    const state = load(
      'sentinel down-after-milliseconds m 1500',
      `sentinel known-sentinel m 10.0.0.9 26379 ${OTHER_ID}`,
      'sentinel known-replica m 10.0.0.2 6379',
      MONITOR,
      `sentinel myid ${MY_ID}`,
    );
    const master = state.masters.get('m')!;
    expect(master).toMatchObject({ quorum: 2, downAfterPeriod: 1500, failoverTimeout: 180_000, parallelSyncs: 1 });
    expect(master.addr).toEqual({ hostname: '10.0.0.1', ip: '10.0.0.1', port: 6379 });
    expect([...master.replicas.keys()]).toEqual(['10.0.0.2:6379']);
    expect([...master.sentinels.values()].map(({ runid, downAfterPeriod }) => [runid, downAfterPeriod])).toEqual([
      [OTHER_ID, 1500],
    ]);
    expect(state.myid).toBe(MY_ID);
  });

  it('take names of directives in any case, and values as they are', () => {
    const state = load(MONITOR, 'SENTINEL Auth-Pass m "two words"', 'sentinel RENAME-COMMAND m config Guessed');
    const master = state.masters.get('m')!;
    expect(master.authPass).toBe('two words');
    expect(master.renamedCommands.get('CONFIG')).toEqual({ from: 'config', to: 'Guessed' });
  });

  it('never let epochs go back', () => {
    const state = load(MONITOR, 'sentinel current-epoch 9', 'sentinel config-epoch m 12', 'sentinel leader-epoch m 3');
    expect(state.currentEpoch).toBe(12n);
    expect(load(MONITOR, 'sentinel current-epoch 9', 'sentinel config-epoch m 4').currentEpoch).toBe(9n);
    expect(state.masters.get('m')).toMatchObject({ configEpoch: 12n, leaderEpoch: 3n });
    const most = 'sentinel current-epoch 18446744073709551615';
    expect(load(most).currentEpoch).toBe(2n ** 64n - 1n);
    expect(load(`${most}0`).currentEpoch).toBe(2n ** 64n - 1n);
  });

  it('name scripts that exist', () => {
    const state = load(MONITOR, 'sentinel notification-script m /bin/notify');
    expect(state.masters.get('m')!.notificationScript).toBe('/bin/notify');
    expect(() => load(MONITOR, 'sentinel client-reconfig-script m /bin/other')).toThrow(
      'Client reconfiguration script seems non existing or non executable.',
    );
  });

  it('are reported with their place when they are wrong', () => {
    expect(() => load(MONITOR, 'sentinel quorum m 3')).toThrow(
      "\n*** FATAL CONFIG FILE ERROR (Redis 7.0.15) ***\nReading the configuration file, at line 2\n>>> 'sentinel quorum m 3'\n" +
        'Unrecognized sentinel configuration statement.\n',
    );
    expect(() => load('sentinel toString m 3')).toThrow('Unrecognized sentinel configuration statement.');
  });

  it('may name hosts only if these are to be resolved', () => {
    const named = 'sentinel monitor m redis1 6379 2';
    expect(() => load(named)).toThrow("Can't resolve instance hostname.");
    // Nobody knows it by now: that is for later.
    expect(load(named, 'sentinel resolve-hostnames yes').masters.get('m')!.addr).toMatchObject({ ip: '' });
    expect(namedHosts(directives([named, 'sentinel known-replica m redis2 1']))).toEqual([]);
    expect(
      namedHosts(directives([named, 'sentinel known-replica m redis2 1', 'sentinel RESOLVE-hostnames YES', named])),
    ).toEqual(['redis1', 'redis2']);
  });
});
