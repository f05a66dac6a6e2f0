import { describe, expect, it } from 'vitest';
import { AssertionError, assert, unreachable } from '../../src/core/assert.ts';

describe('assert', () => {
  it('lets a true condition pass and narrows the type', () => {
    const value: string | null = ['x'].pop() ?? null;
    assert(value !== null, 'there is a value');
    expect(value.length).toBe(1);
  });

  it('throws its message for a false condition', () => {
    expect(() => assert(false, 'the list is sorted')).toThrow(AssertionError);
    expect(() => assert(0, 'the list is sorted')).toThrow('the list is sorted');
  });

  it('names the value that reached an unreachable branch', () => {
    expect(() => unreachable('list' as never)).toThrow('unreachable: list');
    expect(() => unreachable({ kind: 'list' } as never)).toThrow('unreachable: {"kind":"list"}');
  });
});
