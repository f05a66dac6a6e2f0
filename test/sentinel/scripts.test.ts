import { beforeEach, describe, expect, it } from 'vitest';
import type { ProcessEnd, Processes } from '../../src/host/host.ts';
import { Scripts } from '../../src/sentinel/scripts.ts';
import { defaultPeriods } from '../../src/sentinel/state.ts';

/** Programs that end when they are told to. */
class Stage implements Processes {
  nowMs = 1_000_000;
  readonly events: string[] = [];
  readonly started: { readonly argv: readonly string[]; end(end: ProcessEnd): void; killed: boolean }[] = [];
  hasRoom = true;
  readonly periods = defaultPeriods();
  readonly scripts = new Scripts({
    processes: this,
    periods: this.periods,
    nowMs: () => this.nowMs,
    enter: (run) => run(),
    event: (level, type, payload) => this.events.push(`${level} ${type} ${payload}`),
  });

  isExecutable(): boolean {
    return true;
  }

  start(path: string, args: readonly string[], done: (end: ProcessEnd) => void): { pid: number; kill(): void } | null {
    if (!this.hasRoom) return null;
    const program = { argv: [path, ...args], end: done, killed: false };
    this.started.push(program);
    return { pid: this.started.length, kill: () => (program.killed = true) };
  }

  tickAt(nowMs: number): void {
    this.nowMs = nowMs;
    this.scripts.tick();
  }
}

describe('scripts', () => {
  let stage: Stage;
  beforeEach(() => {
    stage = new Stage();
  });
  const fine: ProcessEnd = { exitCode: 0, signal: 0 };

  it('run with the next tick, and are forgotten when they end well', () => {
    stage.scripts.schedule(['/notify', '+sdown', 'master m 127.0.0.1 6379']);
    expect(stage.started).toHaveLength(0);
    stage.scripts.tick();
    expect(stage.started.map(({ argv }) => argv)).toEqual([['/notify', '+sdown', 'master m 127.0.0.1 6379']]);
    expect(stage.scripts.running).toBe(1);
    stage.started[0]!.end(fine);
    expect(stage.scripts.jobs).toEqual([]);
    expect(stage.events).toEqual(['debug +script-child 1', 'debug -script-child 1 0 0']);
  });

  it('run sixteen at a time, oldest first', () => {
    for (let i = 0; i < 20; i++) stage.scripts.schedule(['/s', String(i)]);
    stage.scripts.tick();
    expect(stage.started.map(({ argv }) => Number(argv[1]))).toEqual(Array.from({ length: 16 }, (_, i) => i));
    stage.started[3]!.end(fine);
    stage.scripts.tick();
    expect(stage.started.map(({ argv }) => argv[1]).slice(16)).toEqual(['16']);
  });

  it('wait in a queue of 256, from which the oldest that does not run is dropped', () => {
    for (let i = 0; i < 10; i++) stage.scripts.schedule(['/s', String(i)]);
    stage.scripts.tick();
    for (let i = 10; i < 260; i++) stage.scripts.schedule(['/s', String(i)]);
    const left = stage.scripts.jobs.map(({ argv }) => Number(argv[1]));
    expect(left).toHaveLength(256);
    expect(left.slice(8, 12)).toEqual([8, 9, 14, 15]);
  });

  it.each<ProcessEnd>([
    { exitCode: 1, signal: 0 },
    { exitCode: 0, signal: 9 },
  ])('are run again after %j, ten times in all, with pauses that double', (end) => {
    stage.scripts.schedule(['/s']);
    let dueMs = stage.nowMs;
    for (let attempt = 1; attempt <= 10; attempt++) {
      if (attempt > 1) stage.tickAt(dueMs - 1);
      expect(stage.started).toHaveLength(attempt - 1);
      stage.tickAt(dueMs);
      expect(stage.started).toHaveLength(attempt);
      stage.started[attempt - 1]!.end(end);
      dueMs += 30_000 * 2 ** (attempt - 1);
    }
    expect(stage.scripts.jobs).toEqual([]);
    expect(stage.events.filter((event) => event.startsWith('warning'))).toEqual([
      `warning -script-error /s ${end.signal} ${end.exitCode}`,
    ]);
  });

  it('are given up at once after any other status', () => {
    stage.scripts.schedule(['/s']);
    stage.scripts.tick();
    stage.started[0]!.end({ exitCode: 2, signal: 0 });
    expect(stage.scripts.jobs).toEqual([]);
    expect(stage.events.at(-1)).toBe('warning -script-error /s 0 2');
  });

  it('are killed when they run for too long', () => {
    stage.scripts.schedule(['/s']);
    stage.scripts.tick();
    stage.tickAt(stage.nowMs + 60_000);
    expect(stage.started[0]!.killed).toBe(false);
    stage.tickAt(stage.nowMs + 1);
    expect(stage.started[0]!.killed).toBe(true);
    expect(stage.events.at(-1)).toBe('warning -script-timeout /s 1');
    stage.started[0]!.end({ exitCode: 0, signal: 9 });
    expect(stage.scripts.jobs).toMatchObject([{ child: null, attempts: 1 }]);
  });

  it('are tried again when the machine had no room for a process', () => {
    stage.hasRoom = false;
    stage.scripts.schedule(['/s']);
    stage.scripts.tick();
    expect(stage.events).toEqual(['warning -script-error /s 99 0']);
    stage.hasRoom = true;
    stage.tickAt(stage.nowMs + 100);
    expect(stage.started).toHaveLength(1);
  });

  it('are of no interest any more once the sentinel has ended', () => {
    stage.scripts.schedule(['/s']);
    stage.scripts.tick();
    stage.scripts.stop();
    stage.started[0]!.end({ exitCode: 1, signal: 0 });
    expect(stage.scripts.jobs).toEqual([]);
    expect(stage.events).toEqual(['debug +script-child 1']);
  });
});
