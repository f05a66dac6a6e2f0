import { beforeEach, describe, expect, it } from 'vitest';
import { MemoryRelease } from '../../src/server/memory-release.ts';
import type { Server } from '../../src/server/server.ts';

const MB = 1024 * 1024;

describe('memory beyond what is in use', () => {
  const figures = { resident: 0, used: 0, garbage: 0 };
  let releases = 0;
  let nowMs = 0;
  let release: MemoryRelease;

  beforeEach(() => {
    Object.assign(figures, { resident: 90 * MB, used: MB, garbage: 0 });
    releases = nowMs = 0;
    const system = {
      residentBytes: () => figures.resident + figures.used + figures.garbage,
      releaseMemory: () => {
        releases++;
        figures.garbage = 0;
      },
    };
    release = new MemoryRelease({
      host: { system },
      memory: {
        get usedBytes() {
          return figures.used;
        },
      },
    } as Server);
  });

  /** Lets seconds pass, in steps of the cron. */
  function pass(seconds: number): void {
    for (let step = 0; step < seconds * 10; step++) release.check((nowMs += 100));
  }

  it('is left alone while it is little', () => {
    figures.garbage = 100 * MB;
    pass(60);
    expect(releases).toBe(0);
  });

  it('is given back within two seconds when it is much', () => {
    pass(5);
    figures.garbage = 600 * MB;
    pass(2);
    expect([releases, figures.garbage]).toEqual([1, 0]);
    pass(60);
    expect(releases).toBe(1);
    figures.garbage = 200 * MB;
    pass(2);
    expect(releases).toBe(2);
  });

  it('is asked for once if it is needed', () => {
    figures.resident = 900 * MB;
    pass(60);
    expect(releases).toBe(1);
    figures.resident = 1100 * MB;
    pass(60);
    expect(releases).toBe(2);
    figures.resident = 90 * MB;
    pass(2);
    figures.garbage = 300 * MB;
    pass(2);
    expect(releases).toBe(3);
  });

  it('is given back too when it came right after some that was needed', () => {
    pass(5);
    figures.resident = 300 * MB;
    pass(1);
    expect(releases).toBe(1);
    figures.garbage = 400 * MB;
    pass(2);
    expect([releases, figures.garbage]).toEqual([2, 0]);
  });

  it('is not worth a pause while it is a small part of what is used', () => {
    figures.used = 4000 * MB;
    figures.garbage = 500 * MB;
    pass(60);
    expect(releases).toBe(0);
    figures.garbage = 1200 * MB;
    pass(2);
    expect(releases).toBe(1);
  });
});
