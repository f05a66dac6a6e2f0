/** What can be simulated, by name: schedules to draw, and what must have happened in a long run of them. */
import type * as fc from 'fast-check';
import { type Extent, kindsOf, schedules } from './arbitraries.ts';
import type { Schedule, TopologyKind } from './schedule.ts';

export interface Profile {
  readonly name: TopologyKind;
  schedules(extent?: Extent): fc.Arbitrary<Schedule>;
  /** Coverage that a long run reaches. */
  readonly mustHappen: readonly string[];
}

/** Each fault that can be caused is. */
function faultsOf(kind: TopologyKind): string[] {
  return kindsOf(kind).map((fault) => `fault ${fault}`);
}

/** What the judges of data must have had something to judge of. */
const OF_DATA: readonly string[] = [
  'sync full',
  'sync partial',
  'partial resynchronisation under another id',
  'calm run',
  'lost write',
  'WAIT that was answered',
  'write with enough replicas',
  'restart by an append-only file after a kill',
  'restart by an append-only file after power loss',
];

export const profiles: readonly Profile[] = [
  {
    name: 'replication',
    schedules: (extent) => schedules('replication', { extent: extent ?? 'wide' }),
    mustHappen: [...faultsOf('replication'), ...OF_DATA, 'aimed kill', 'handover by agreement'],
  },
  {
    name: 'sentinel',
    schedules: (extent) => schedules('sentinel', { extent: extent ?? 'wide' }),
    mustHappen: [
      ...faultsOf('sentinel'),
      ...OF_DATA,
      'two elections in one outage',
      'election without a winner',
      'stale vote not counted',
      'TILT during a failover',
      'aimed kill',
      '+elected-leader',
      '-failover-abort-not-elected',
      '-failover-abort-no-good-slave',
      '+promoted-slave',
      '+slave-reconf-done',
      '+failover-end',
      '+failover-end-for-timeout',
      '+config-update-from',
      '+convert-to-slave',
      '+fix-slave-config',
      '+tilt',
      '-tilt',
      '+reboot',
    ],
  },
  {
    name: 'cluster',
    schedules: (extent) => schedules('cluster', { extent: extent ?? 'wide' }),
    mustHappen: [
      ...faultsOf('cluster'),
      ...OF_DATA,
      'two elections in one outage',
      'two masters serve one slot',
      'epoch collision resolved',
      'late-vote',
      'handover by agreement',
      'aimed kill',
      'unreachable',
      'failed',
      'recovered',
      'election',
      'vote',
      'elected',
      'promoted',
      'follows',
      'state',
    ],
  },
];

export function profileOf(name: string): Profile | null {
  return profiles.find((profile) => profile.name === name) ?? null;
}
