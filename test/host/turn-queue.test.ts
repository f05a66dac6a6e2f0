import { describe, expect, it } from 'vitest';
import { TurnQueue } from '../../src/host/turn-queue.ts';

describe('TurnQueue', () => {
  it('asks for one drain per batch and runs it in order', () => {
    let asked = 0;
    const ran: number[] = [];
    const queue = new TurnQueue(() => asked++);
    for (let i = 0; i < 3; i++) queue.add(() => ran.push(i));
    expect([asked, queue.size]).toEqual([1, 3]);
    queue.drain();
    queue.drain();
    expect(ran).toEqual([0, 1, 2]);
  });

  it('leaves what is added during a drain to the next one', () => {
    let asked = 0;
    const ran: string[] = [];
    const queue = new TurnQueue(() => asked++);
    queue.add(() => {
      ran.push('first');
      queue.add(() => ran.push('second'));
    });
    queue.drain();
    expect([ran, asked]).toEqual([['first'], 2]);
    queue.drain();
    expect(ran).toEqual(['first', 'second']);
  });

  it('goes on after a call that throws, in the old order', () => {
    let asked = 0;
    const ran: string[] = [];
    const queue = new TurnQueue(() => asked++);
    queue.add(() => {
      queue.add(() => ran.push('added'));
      throw new Error('broken');
    });
    queue.add(() => ran.push('behind'));
    expect(() => queue.drain()).toThrow('broken');
    expect(asked).toBe(2);
    queue.drain();
    expect(ran).toEqual(['behind', 'added']);
  });

  it('asks for a drain when only the rest of a broken batch is left', () => {
    let asked = 0;
    const queue = new TurnQueue(() => asked++);
    queue.add(() => {
      throw new Error('broken');
    });
    queue.add(() => {});
    expect(() => queue.drain()).toThrow('broken');
    expect(asked).toBe(2);
  });
});
