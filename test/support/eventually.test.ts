import { describe, expect, it } from 'vitest';
import { eventually } from './eventually.ts';

describe('eventually', () => {
  it('returns the first truthy value', async () => {
    let calls = 0;
    expect(await eventually(() => ++calls >= 3 && `call ${calls}`, { everyMs: 1 })).toBe('call 3');
  });

  it('takes a check that throws for one that is not true yet', async () => {
    let calls = 0;
    const check = async (): Promise<boolean> => {
      if (++calls < 3) throw new Error('too early');
      return true;
    };
    expect(await eventually(check, { everyMs: 1 })).toBe(true);
  });

  it('names what it waited for and the last error', async () => {
    const check = (): boolean => {
      throw new Error('still wet');
    };
    const failed = eventually(check, { what: 'the paint is dry', timeoutMs: 20, everyMs: 5 });
    await expect(failed).rejects.toThrow('Not within 20 ms: the paint is dry (still wet)');
  });

  it('looks once more at the deadline', async () => {
    let calls = 0;
    await expect(eventually(() => ++calls > 1, { timeoutMs: 1, everyMs: 30 })).resolves.toBe(true);
  });
});
