import { describe, expect, it } from 'vitest';
import { type ArgumentDoc, parseSyntax } from '../../src/server/command-docs.ts';

/** Only what differs from a plain, required string. */
function brief(argument: ArgumentDoc): Record<string, unknown> {
  const {
    keySpec,
    token,
    since,
    deprecatedSince,
    optional,
    multiple,
    multipleToken,
    arguments: members,
    ...rest
  } = argument;
  return {
    ...rest,
    ...(keySpec !== null && { keySpec }),
    ...(token !== null && { token }),
    ...(since !== null && { since }),
    ...(deprecatedSince !== null && { deprecatedSince }),
    ...(optional && { optional }),
    ...(multiple && { multiple }),
    ...(multipleToken && { multipleToken }),
    ...(members.length > 0 && { members: members.map(brief) }),
  };
}

function parse(syntax: string): Record<string, unknown>[] {
  return parseSyntax(syntax).map(brief);
}

describe('The notation of arguments', () => {
  it('reads names with and without types', () => {
    expect(parse('key value score:double ip:port pattern')).toEqual([
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'value', type: 'string' },
      { name: 'score', type: 'double' },
      { name: 'ip:port', type: 'string' },
      { name: 'pattern', type: 'pattern' },
    ]);
  });

  it('counts keys through, and lets an argument name its key spec', () => {
    expect(parse('key BY pattern#1 destination:key#2 other:key')).toEqual([
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'pattern', type: 'pattern', token: 'BY', keySpec: 1 },
      { name: 'destination', type: 'key', keySpec: 2 },
      { name: 'other', type: 'key', keySpec: 1 },
    ]);
  });

  it('gives a token to the argument or the group behind it, and lets it stand alone elsewhere', () => {
    expect(parse('[COUNT count:integer [ANY]] LIMIT <offset count> GET')).toEqual([
      {
        name: 'count_any',
        type: 'block',
        optional: true,
        members: [
          { name: 'count', type: 'integer', token: 'COUNT' },
          { name: 'any', type: 'pure-token', token: 'ANY', optional: true },
        ],
      },
      {
        name: 'offset_count',
        type: 'block',
        token: 'LIMIT',
        members: [
          { name: 'offset', type: 'string' },
          { name: 'count', type: 'string' },
        ],
      },
      { name: 'get', type: 'pure-token', token: 'GET' },
    ]);
  });

  it('reads choices, their names and their history', () => {
    expect(parse('condition=[NX | XX@2.0.0]@2.6.12 operator=<equal="=" | "~"> address!2.8.12')).toEqual([
      {
        name: 'condition',
        type: 'oneof',
        optional: true,
        since: '2.6.12',
        members: [
          { name: 'nx', type: 'pure-token', token: 'NX' },
          { name: 'xx', type: 'pure-token', token: 'XX', since: '2.0.0' },
        ],
      },
      {
        name: 'operator',
        type: 'oneof',
        members: [
          { name: 'equal', type: 'pure-token', token: '=' },
          { name: '~', type: 'pure-token', token: '~' },
        ],
      },
      { name: 'address', type: 'string', deprecatedSince: '2.8.12' },
    ]);
  });

  it('reads repetitions, of an argument and of a token with its argument', () => {
    expect(parse('member ... [GET... pattern] <field value> ... @4.0.0')).toEqual([
      { name: 'member', type: 'string', multiple: true },
      { name: 'pattern', type: 'pattern', token: 'GET', optional: true, multiple: true, multipleToken: true },
      {
        name: 'field_value',
        type: 'block',
        multiple: true,
        since: '4.0.0',
        members: [
          { name: 'field', type: 'string' },
          { name: 'value', type: 'string' },
        ],
      },
    ]);
  });

  it('makes a block of an alternative with several members', () => {
    expect(parse('<a | b c>')).toEqual([
      {
        name: 'a_b_c',
        type: 'oneof',
        members: [
          { name: 'a', type: 'string' },
          {
            name: 'b_c',
            type: 'block',
            members: [
              { name: 'b', type: 'string' },
              { name: 'c', type: 'string' },
            ],
          },
        ],
      },
    ]);
  });

  it.each(['[key', 'key]', '<a | ', '| a', 'a ='])('refuses %s', (syntax) => {
    expect(() => parseSyntax(syntax)).toThrow();
  });
});
