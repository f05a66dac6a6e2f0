/** Clusters under faults of every kind. */
import type { Profile } from '../profile.ts';
import { play } from './play.ts';
import { type Schedule, schedules } from './schedule.ts';

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
