/** Clusters under faults of every kind. */
import type { Profile } from '../profile.ts';
import { play } from './play.ts';
import { narrowSchedules, type Schedule, schedules } from './schedule.ts';

export const clusterProfile: Profile<Schedule> = {
  name: 'cluster',
  schedules,
  play: (schedule, onFailure) => play(schedule, onFailure === undefined ? {} : { onFailure }),
  mustHappen: [
    'unreachable',
    'failed',
    'failed (told)',
    'recovered',
    'election',
    'vote',
    'elected',
    'promoted',
    'follows',
    'state',
    'failover',
    'failover FORCE',
    'failover TAKEOVER',
    'resharded',
    'forgotten',
    'writes waited for',
  ],
};

/** The same in small clusters, for a short time: what every change must pass. */
export const narrowClusterProfile: Profile<Schedule> = {
  ...clusterProfile,
  schedules: narrowSchedules,
  mustHappen: ['failed', 'recovered', 'elected', 'promoted', 'follows', 'failover', 'writes waited for'],
};
