import { describe, expect, it } from 'vitest';
import {
  type HandshakeEffect,
  type HandshakePhase,
  type HandshakeSettings,
  stepHandshake,
} from '../../src/replication/replica-handshake.ts';

const ID = 'a'.repeat(40);
const PLAIN: HandshakeSettings = { user: '', password: '', port: 6380, address: '', place: null, isFailover: false };

/** What is sent and done, log lines left out, as the lines of the master come in. */
function play(lines: readonly string[], settings: Partial<HandshakeSettings> = {}): string[] {
  const all = { ...PLAIN, ...settings };
  const done: string[] = [];
  let phase: HandshakePhase = 'connecting';
  const events = [{ kind: 'opened' } as const, ...lines.map((line) => ({ kind: 'line', line }) as const)];
  for (const event of events) {
    const step = stepHandshake(phase, event, all);
    phase = step.phase;
    done.push(...step.effects.filter(({ kind }) => kind !== 'log').map(describeEffect));
  }
  return done;
}

function describeEffect(effect: HandshakeEffect): string {
  switch (effect.kind) {
    case 'command':
      return effect.words.join(' ');
    case 'inline':
      return `inline ${effect.text.trim()}`;
    case 'continue':
      return `continue ${effect.id}`;
    case 'receive':
      return effect.place === null ? 'receive' : `receive ${effect.place.id}:${effect.place.offset}`;
    case 'failover':
      return `failover ${effect.accepted}`;
    default:
      return effect.kind;
  }
}

const INTRODUCTION = ['PING', 'REPLCONF listening-port 6380', 'REPLCONF capa eof capa psync2'];

describe('the handshake of a replica', () => {
  it('introduces itself and asks for everything', () => {
    expect(play(['+PONG', '+OK', '+OK', `+FULLRESYNC ${ID} 42`])).toEqual([
      ...INTRODUCTION,
      'PSYNC ? -1',
      `receive ${ID}:42`,
    ]);
  });

  it('asks for the byte behind the last one that it has', () => {
    const place = { id: ID, offset: 99 };
    expect(play(['+PONG', '+OK', '+OK', '+CONTINUE'], { place })).toEqual([
      ...INTRODUCTION,
      `PSYNC ${ID} 100`,
      'continue null',
    ]);
    expect(play(['+PONG', '+OK', '+OK', `+CONTINUE ${ID}`], { place }).at(-1)).toBe(`continue ${ID}`);
  });

  it('logs in, with a user or without one', () => {
    expect(play(['-NOAUTH Authentication required.', '+OK', '+OK', '+OK'], { password: 'secret' })).toEqual([
      'PING',
      'AUTH secret',
      ...INTRODUCTION.slice(1),
      'PSYNC ? -1',
    ]);
    expect(play(['+PONG'], { password: 'secret', user: 'alice' })[1]).toBe('AUTH alice secret');
  });

  it('tells its address if it announces one', () => {
    expect(play(['+PONG', '+OK', '+OK', '+OK'], { address: '10.0.0.1' })).toEqual([
      'PING',
      'REPLCONF listening-port 6380',
      'REPLCONF ip-address 10.0.0.1',
      'REPLCONF capa eof capa psync2',
      'PSYNC ? -1',
    ]);
  });

  it('does not mind a master that knows no REPLCONF', () => {
    expect(play(['+PONG', '-ERR unknown', '-ERR unknown']).at(-1)).toBe('PSYNC ? -1');
  });

  it('tries again later when the master has an error for PING or AUTH', () => {
    expect(play(['-LOADING Redis is loading the dataset in memory'])).toEqual(['PING', 'retry']);
    expect(play(['+PONG', '-WRONGPASS no'], { password: 'x' }).at(-1)).toBe('retry');
  });

  it('waits while empty lines come', () => {
    expect(play(['+PONG', '+OK', '+OK', '', '', `+FULLRESYNC ${ID} 1`]).at(-1)).toBe(`receive ${ID}:1`);
  });

  it('tries again later when the master cannot synchronise now', () => {
    for (const line of ["-NOMASTERLINK Can't SYNC while not connected with my master", '-LOADING soon']) {
      expect(play(['+PONG', '+OK', '+OK', line]).at(-1)).toBe('retry');
    }
  });

  it('falls back to SYNC', () => {
    expect(play(['+PONG', '+OK', '+OK', '-ERR unknown command']).slice(-2)).toEqual(['inline SYNC', 'receive']);
    expect(play(['+PONG', '+OK', '+OK', '?']).slice(-2)).toEqual(['inline SYNC', 'receive']);
  });

  it('takes a snapshot whose place it cannot read', () => {
    expect(play(['+PONG', '+OK', '+OK', '+FULLRESYNC abc']).at(-1)).toBe('receive');
  });

  it('asks for the role of master to be taken over, and says whether that went well', () => {
    const settings = { place: { id: ID, offset: 1 }, isFailover: true };
    const lines = ['+PONG', '+OK', '+OK'];
    expect(play([...lines, '+CONTINUE'], settings).slice(-3)).toEqual([
      `PSYNC ${ID} 2 FAILOVER`,
      'failover true',
      'continue null',
    ]);
    expect(play([...lines, '-ERR no'], settings).slice(-1)).toEqual(['failover false']);
  });
});
