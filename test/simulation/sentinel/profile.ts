/** Sentinels around a master and its replicas, under faults of every kind. */
import type { Profile } from '../profile.ts';
import { play } from './play.ts';
import { type Schedule, schedules } from './schedule.ts';

export const sentinelProfile: Profile<Schedule> = {
  name: 'sentinel',
  schedules,
  play: (schedule, onFailure) => play(schedule, onFailure === undefined ? {} : { onFailure }),
  mustHappen: [
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
};
