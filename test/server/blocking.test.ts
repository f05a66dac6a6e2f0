import { describe, expect, it } from 'vitest';
import { mayBlock } from '../../src/server/blocking.ts';
import type { Call } from '../../src/server/call.ts';
import { serverFamily } from '../../src/server/rows.ts';
import type { Session } from '../../src/server/session.ts';
import { BareServer } from '../support/bare-server.ts';

interface Waiting {
  readonly bare: BareServer;
  /** Sessions that wait for somebody's word, by the name under which they asked. */
  readonly waiting: Map<string, Session>;
}

/** A server with AWAIT name timeoutMs, which waits for TELL name word. */
function waitingServer(): Waiting {
  const waiting = new Map<string, Session>();
  const row = { flags: ['noscript'], since: '1.0.0', summary: 'For this test' } as const;
  const commands = serverFamily('list', [
    {
      ...row,
      name: 'await',
      arity: 3,
      run(c: Call): void {
        if (!mayBlock(c.session)) {
          c.reply.nilArray();
          return;
        }
        const name = c.args.binary(1);
        const durationMs = c.integer(2);
        waiting.set(name, c.session);
        c.server.blocking.block(c.session, {
          kind: 'list',
          deadlineMs: durationMs === 0 ? 0 : c.now + durationMs,
          giveUp: (session) => session.reply.nilArray(),
          leave: () => waiting.delete(name),
        });
      },
    },
    {
      ...row,
      name: 'tell',
      arity: 3,
      run(c: Call): void {
        const session = waiting.get(c.args.binary(1));
        if (session !== undefined) {
          session.reply.simple(c.args.binary(2));
          c.server.blocking.unblock(session);
        }
        c.reply.integer(session === undefined ? 0 : 1);
      },
    },
  ]);
  return { bare: new BareServer([commands]), waiting };
}

describe('A session that waits', () => {
  it('is answered by whoever has the answer, and goes on', () => {
    const { bare } = waitingServer();
    const [client, other] = [bare.connect(), bare.connect()];
    client.send(['AWAIT', 'a', 0], ['PING']);
    expect(client.received()).toBe('');
    expect(bare.server.blocking.count).toBe(1);
    expect(other.call('TELL', 'a', 'word')).toBe(':1\r\n');
    expect(client.received()).toBe('+word\r\n+PONG\r\n');
    expect(bare.server.blocking.count).toBe(0);
  });

  it('keeps what its client sends meanwhile, in order', () => {
    const { bare } = waitingServer();
    const [client, other] = [bare.connect(), bare.connect()];
    client.send(['AWAIT', 'a', 0]);
    client.send(['ECHO', '1']);
    client.sendRaw(Buffer.from('*2\r\n$4\r\nECHO\r\n$1'));
    client.sendRaw(Buffer.from('\r\n2\r\n'));
    expect(client.received()).toBe('');
    other.call('TELL', 'a', 'word');
    expect(client.received()).toBe('+word\r\n$1\r\n1\r\n$1\r\n2\r\n');
  });

  it('can wait again at once', () => {
    const { bare } = waitingServer();
    const [client, other] = [bare.connect(), bare.connect()];
    client.send(['AWAIT', 'a', 0], ['AWAIT', 'b', 0], ['PING']);
    other.call('TELL', 'a', 'one');
    expect(client.received()).toBe('+one\r\n');
    other.call('TELL', 'b', 'two');
    expect(client.received()).toBe('+two\r\n+PONG\r\n');
  });

  it('gives up when its time is over, and then stands on no list', () => {
    const { bare, waiting } = waitingServer();
    const client = bare.connect();
    client.send(['AWAIT', 'a', 1000], ['PING']);
    expect(bare.server.blocking.withDeadline).toBe(1);
    bare.advance(999);
    expect(client.received()).toBe('');
    bare.advance(1);
    expect(client.received()).toBe('*-1\r\n+PONG\r\n');
    expect(waiting.size).toBe(0);
    expect(bare.server.blocking.withDeadline).toBe(0);
    expect(bare.time.pendingTimers).toBe(0);
  });

  it('leaves no timer behind when it is answered or goes away', () => {
    const { bare, waiting } = waitingServer();
    const [client, other] = [bare.connect(), bare.connect()];
    client.send(['AWAIT', 'a', 1000]);
    other.call('TELL', 'a', 'word');
    client.send(['AWAIT', 'b', 1000]);
    client.leave();
    expect(bare.time.pendingTimers).toBe(0);
    expect(bare.server.blocking.count).toBe(0);
    expect(waiting.size).toBe(0);
    expect(other.call('TELL', 'b', 'word')).toBe(':0\r\n');
  });

  it('can be let go by CLIENT UNBLOCK, as if its time were over or with an error', () => {
    const { bare } = waitingServer();
    const [client, other] = [bare.connect(), bare.connect()];
    client.send(['AWAIT', 'a', 0]);
    expect(other.call('CLIENT', 'UNBLOCK', client.session.id)).toBe(':1\r\n');
    expect(client.received()).toBe('*-1\r\n');
    client.send(['AWAIT', 'a', 0]);
    expect(other.call('CLIENT', 'UNBLOCK', client.session.id, 'ERROR')).toBe(':1\r\n');
    expect(client.received()).toBe('-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n');
    expect(other.call('CLIENT', 'UNBLOCK', client.session.id)).toBe(':0\r\n');
  });

  it('shows in CLIENT LIST', () => {
    const { bare } = waitingServer();
    const [client, other] = [bare.connect(), bare.connect()];
    client.send(['AWAIT', 'a', 0]);
    expect(other.call('CLIENT', 'LIST', 'ID', client.session.id)).toMatch(/ flags=b .* cmd=await /);
  });

  it('does not wait inside a transaction', () => {
    const { bare } = waitingServer();
    const client = bare.connect();
    client.send(['MULTI'], ['AWAIT', 'a', 0], ['EXEC']);
    expect(client.received()).toBe('+OK\r\n+QUEUED\r\n*1\r\n*-1\r\n');
    expect(bare.server.blocking.count).toBe(0);
  });

  it('is let go with an error and closed when the server becomes a replica', () => {
    const { bare } = waitingServer();
    const [client, paused, other] = [bare.connect(), bare.connect(), bare.connect()];
    client.send(['AWAIT', 'a', 0], ['PING']);
    other.call('CLIENT', 'PAUSE', 1000, 'WRITE');
    paused.send(['SET', 'k', 1]);
    bare.server.enter(() => bare.server.blocking.disconnectAll());
    bare.endTurn();
    expect(client.received()).toBe(
      '-UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)\r\n',
    );
    expect(client.isClosed).toBe(true);
    expect(paused.isClosed).toBe(false);
    bare.advance(1000);
    expect(paused.received()).toBe('+OK\r\n');
  });

  it('is not answered if it wants no answers', () => {
    const { bare } = waitingServer();
    const [client, other] = [bare.connect(), bare.connect()];
    client.send(['CLIENT', 'REPLY', 'SKIP'], ['AWAIT', 'a', 0], ['PING']);
    other.call('TELL', 'a', 'word');
    expect(client.received()).toBe('+PONG\r\n');
  });

  it('counts by what it waits for', () => {
    const { bare } = waitingServer();
    const [client, paused, other] = [bare.connect(), bare.connect(), bare.connect()];
    client.send(['AWAIT', 'a', 0]);
    other.call('CLIENT', 'PAUSE', 1000, 'WRITE');
    paused.send(['SET', 'k', 1]);
    const { blocking } = bare.server;
    expect([blocking.count, blocking.countOf('list'), blocking.countOf('paused'), blocking.countOf('stream')]).toEqual([
      2, 1, 1, 0,
    ]);
  });
});
