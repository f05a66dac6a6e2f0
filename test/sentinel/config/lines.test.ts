import { describe, expect, it } from 'vitest';
import { splitArguments } from '../../../src/core/split-args.ts';
import { sentinelLines } from '../../../src/sentinel/config/lines.ts';
import { loadDirectives } from '../../../src/sentinel/config/load.ts';
import { FLAG, type SentinelState } from '../../../src/sentinel/state.ts';
import { FakeMachine, MY_ID, OTHER_ID } from '../fake-machine.ts';

function stateOf(...lines: string[]): SentinelState {
  const machine = new FakeMachine();
  const directives = lines.map((text, index) => ({ number: index + 1, text, args: splitArguments(text)!.slice(1) }));
  loadDirectives(directives, machine, { isExecutable: () => true });
  return machine.state;
}

/** Lines that stand in a file that had none. */
function written(state: SentinelState): (string | null)[] {
  return sentinelLines(state)
    .filter(({ line, force }) => force && line !== null)
    .map(({ line }) => line);
}

const LINES = [
  `sentinel myid ${MY_ID}`,
  'sentinel deny-scripts-reconfig no',
  'sentinel monitor m 10.0.0.1 6379 2',
  'sentinel down-after-milliseconds m 1500',
  'sentinel failover-timeout m 1000',
  'sentinel parallel-syncs m 3',
  'sentinel notification-script m /bin/notify',
  'sentinel client-reconfig-script m /bin/tell',
  'sentinel auth-pass m secret',
  'sentinel auth-user m me',
  'sentinel master-reboot-down-after-period m 5',
  'sentinel config-epoch m 4',
  'sentinel leader-epoch m 5',
  'sentinel known-replica m 10.0.0.2 6379',
  'sentinel known-replica m 10.0.0.3 6379',
  `sentinel known-sentinel m 10.0.0.9 26379 ${OTHER_ID}`,
  'sentinel rename-command m config Guessed',
  'sentinel current-epoch 6',
  'sentinel announce-ip "10.0.0.7"',
  'sentinel announce-port 4711',
  'sentinel sentinel-user peers',
  'sentinel sentinel-pass theirs',
];

describe('the lines of a state', () => {
  it('are those that it was read from, in the order of redis-sentinel', () => {
    expect(written(stateOf(...LINES))).toEqual(LINES);
  });

  it('do not say what goes without saying', () => {
    const state = stateOf('sentinel monitor m 10.0.0.1 6379 2', `sentinel myid ${MY_ID}`);
    expect(written(state)).toEqual([
      `sentinel myid ${MY_ID}`,
      'sentinel monitor m 10.0.0.1 6379 2',
      'sentinel config-epoch m 0',
      'sentinel leader-epoch m 0',
      'sentinel current-epoch 0',
    ]);
    const gone = sentinelLines(state).filter(({ line }) => line === null);
    expect(gone.map(({ option }) => option)).toEqual(
      expect.arrayContaining(['sentinel announce-ip', 'sentinel auth-pass', 'sentinel known-slave']),
    );
  });

  it('name a promoted replica as the master, and the master as its replica', () => {
    const state = stateOf(...LINES);
    const master = state.masters.get('m')!;
    master.flags |= FLAG.failoverInProgress;
    master.promotedReplica = master.replicas.get('10.0.0.2:6379')!;
    master.failoverState = 'wait_promotion';
    expect(written(state)).toContain('sentinel monitor m 10.0.0.1 6379 2');
    master.failoverState = 'reconf_slaves';
    const lines = written(state);
    expect(lines).toContain('sentinel monitor m 10.0.0.2 6379 2');
    expect(lines.filter((line) => line!.includes('known-replica'))).toEqual([
      'sentinel known-replica m 10.0.0.1 6379',
      'sentinel known-replica m 10.0.0.3 6379',
    ]);
  });

  it.each(['two words', '', '"', "it's", 'a\\b', 'tab\there', '\xff\x00\n'])('can be read back: %j', (password) => {
    const state = stateOf('sentinel monitor m 10.0.0.1 6379 2');
    state.sentinelAuthPass = password;
    const line = written(state).find((text) => text!.includes('sentinel-pass'))!;
    expect(splitArguments(line)).toEqual(['sentinel', 'sentinel-pass', password]);
  });
});
