/** How sets of commands are written down; what is expected here is what redis-server 7.0.15 says. */
import { describe, expect, it } from 'vitest';
import { CommandCatalog } from '../../../src/server/acl/command-catalog.ts';
import { describeCommands } from '../../../src/server/acl/describe-commands.ts';
import { applyRule } from '../../../src/server/acl/rules.ts';
import { User } from '../../../src/server/acl/user.ts';
import { CommandTable } from '../../../src/server/command-table.ts';
import { allCommands } from '../../support/all-commands.ts';

const catalog = new CommandCatalog(new CommandTable(allCommands()));

function described(rules: string): string {
  const user = new User('u', catalog, false);
  for (const rule of rules.split(' ')) {
    expect(applyRule(user, rule, { allChannelsByDefault: false })).toBe(null);
  }
  return describeCommands(user.root.commands);
}

describe('A set of commands', () => {
  it('is described by the categories that fit best, then by what they get wrong', () => {
    expect(described('+@admin +@write +get')).toBe('-@all +@write +@admin +get');
    expect(described('+@all -keys -@admin')).toBe('+@all -@admin -keys');
    expect(described('+@all -@blocking -@dangerous')).toBe('+@all -@dangerous -@blocking');
    expect(described('+@hash -hset')).toBe('-@all +@hash -hset');
  });

  it('names a container before those of its subcommands that differ', () => {
    expect(described('+config -config|get')).toBe('-@all +config -config|get');
    expect(described('+@all -config +config|get')).toBe('+@all -config +config|get');
  });

  it('keeps first arguments as they were written, each once, until the command is allowed or refused as a whole', () => {
    expect(described('+select|One +SELECT|one +select|2')).toBe('-@all +select|One +select|2');
    expect(described('+select|1 +select')).toBe('-@all +select');
    expect(described('+select|1 -select')).toBe('-@all');
  });

  it('begins with everything as soon as everything was allowed once', () => {
    expect(described('+@all')).toBe('+@all');
    expect(described('+@all -@all')).toBe('-@all');
    expect(described('+@all -get')).toBe('+@all -get');
  });
});
