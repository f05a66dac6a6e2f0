/** The `user` lines of a rewritten configuration file. */
import { forcedLine } from '../config/rewrite.ts';
import type { RewriteLine } from '../config/value-types.ts';
import type { Acl } from './acl.ts';

export function userLines({ users }: Acl): RewriteLine[] {
  return [...users.values()].map(({ name, enabled, noPassword, passwords }) => {
    const rules = [
      enabled ? 'on' : 'off',
      ...(noPassword ? ['nopass'] : []),
      ...Array.from(passwords, (hash) => `#${hash}`),
      '~* &* +@all',
    ];
    return forcedLine('user', `user ${name} ${rules.join(' ')}`);
  });
}
