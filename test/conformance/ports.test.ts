import { expect, it } from 'vitest';
import { claimPortBlock, PORTS_PER_UNIT } from './ports.ts';

it('gives two runs at the same time ports that do not overlap', async () => {
  const first = await claimPortBlock();
  const second = await claimPortBlock();
  try {
    expect(Math.abs(first.basePort - second.basePort)).toBeGreaterThanOrEqual(PORTS_PER_UNIT + 32);
  } finally {
    first.release();
    second.release();
  }
});
