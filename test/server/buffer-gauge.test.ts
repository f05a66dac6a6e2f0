import { describe, expect, it } from 'vitest';
import { blockBytes, BufferGauge } from '../../src/server/buffer-gauge.ts';

describe('The query buffer of the gauge', () => {
  it('has 16 KiB and what the allocator adds from the first request on', () => {
    const gauge = new BufferGauge();
    expect([gauge.queryBytes, gauge.queryMemory]).toEqual([0, 16]);
    gauge.received(26, 0);
    expect([gauge.queryBytes, gauge.queryMemory]).toEqual([20_474, 20_480]);
  });

  it('grows with a large argument, and shrinks when it is not needed any more', () => {
    const gauge = new BufferGauge();
    gauge.received(390_000, 400_000);
    expect(gauge.queryBytes).toBeGreaterThan(400_000);
    gauge.tendQuery(0, 0, 0);
    expect(gauge.queryBytes).toBeGreaterThan(400_000);
    gauge.received(100, 0);
    gauge.tendQuery(0, 0, 0);
    expect(gauge.queryBytes).toBeGreaterThan(0);
    expect(gauge.queryBytes).toBeLessThan(1000);
  });

  it('goes away when the client is idle', () => {
    const gauge = new BufferGauge();
    gauge.received(26, 0);
    gauge.tendQuery(0, 0, 2);
    expect(gauge.queryBytes).toBe(20_474);
    gauge.tendQuery(0, 0, 3);
    expect(gauge.queryBytes).toBe(0);
  });
});

describe('The reply buffer of the gauge', () => {
  it('halves down to 1 KiB without use, and doubles again with it', () => {
    const gauge = new BufferGauge();
    expect([gauge.replyBytes, gauge.replyPeak]).toEqual([16_384, 16_384]);
    gauge.tendReply(5000, 0, 5000);
    expect([gauge.replyBytes, gauge.replyPeak]).toEqual([16_384, 0]);
    gauge.tendReply(6000, 0, 5000);
    expect(gauge.replyBytes).toBe(1024);
    for (const size of [2048, 4096, 8192, 16_384, 16_384]) {
      gauge.sent(100_000);
      gauge.tendReply(7000, 0, 5000);
      expect(gauge.replyBytes).toBe(size);
    }
  });

  it('keeps its peak for good if asked', () => {
    const gauge = new BufferGauge();
    gauge.tendReply(1_000_000, 0, -1);
    expect([gauge.replyBytes, gauge.replyPeak]).toEqual([16_384, 16_384]);
  });

  it('is filled before blocks are', () => {
    const gauge = new BufferGauge();
    expect(gauge.blocks(16_384)).toBe(0);
    expect(gauge.blocks(16_385)).toBe(1);
    expect(blockBytes(gauge.blocks(16_384 + 20_464 * 2))).toBe(2 * 20_504);
  });
});
