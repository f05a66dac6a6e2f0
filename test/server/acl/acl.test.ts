/** Sessions come to the ACL gate exactly when the rules of their user can refuse them something. */
import { describe, expect, it } from 'vitest';
import { SESSION } from '../../../src/server/session.ts';
import { BareServer } from '../../support/bare-server.ts';

describe('The gate for access rules', () => {
  it('looks at a session exactly when its user can be refused anything', () => {
    const bare = new BareServer();
    const admin = bare.connect();
    const client = bare.connect();
    const isLookedAt = (...rules: string[]): boolean => {
      expect(admin.call('ACL', 'SETUSER', 'u', 'reset', 'on', 'nopass', ...rules)).toBe('+OK\r\n');
      expect(client.call('AUTH', 'u', 'x')).toBe('+OK\r\n');
      return client.session.has(SESSION.restricted);
    };
    expect(client.session.has(SESSION.restricted)).toBe(false);
    expect(isLookedAt()).toBe(true);
    expect(isLookedAt('+@all', '~*', '&*')).toBe(false);
    expect(isLookedAt('+@all', '-get', '+get', '~*', '&*')).toBe(false);
    expect(isLookedAt('+@all', '-get', '~*', '&*')).toBe(true);
    expect(isLookedAt('+@all', '-config|get', '~*', '&*')).toBe(true);
    expect(isLookedAt('+@all', '~*')).toBe(true);
    expect(isLookedAt('+@all', '&*')).toBe(true);
    expect(isLookedAt('+@all', '~*', '(+@all ~* &*)')).toBe(false);
    expect(isLookedAt('+@all', '(~* &*)')).toBe(true);
  });

  it('is told of changes of a user who is logged in', () => {
    const bare = new BareServer();
    const client = bare.connect();
    expect(client.call('ACL', 'SETUSER', 'default', '-flushall')).toBe('+OK\r\n');
    expect(client.session.has(SESSION.restricted)).toBe(true);
    expect(client.call('ACL', 'SETUSER', 'default', '+flushall')).toBe('+OK\r\n');
    expect(client.session.has(SESSION.restricted)).toBe(false);
  });
});
