import { describe, expect, it } from 'vitest';
import { ErrorReply, type ReplyValue } from '../../src/client/reply-parser.ts';
import type { Connection, ConnectionEvents } from '../../src/host/host.ts';
import { Wire } from '../../src/sentinel/wire.ts';

class Peer {
  readonly written: string[] = [];
  readonly seen: string[] = [];
  readonly wire: Wire;
  events: ConnectionEvents | null = null;
  isDestroyed = false;

  constructor() {
    const owner = {
      enter: (run: () => void): void => run(),
      sendLater: (): void => {},
      closed: (): void => void this.seen.push('gone'),
    };
    this.wire = new Wire(owner, {
      message: (reply) => this.seen.push(`message ${show(reply)}`),
      closed: (reason) => this.seen.push(`closed ${reason}`),
    });
    this.wire.open((events) => {
      this.events = events;
      return this.#connection();
    });
  }

  #connection(): Connection {
    const address = { kind: 'tcp', host: '10.0.0.9', port: 5 } as const;
    return {
      local: address,
      remote: address,
      queuedBytes: 0,
      write: (bytes: Uint8Array) => {
        this.written.push(Buffer.from(bytes).toString('latin1'));
        return true;
      },
      destroy: () => {
        this.isDestroyed = true;
      },
      noDelay: () => {},
    } as unknown as Connection;
  }

  send(...args: string[]): void {
    this.wire.send(args, (reply) => this.seen.push(`${args[0]}: ${show(reply)}`));
  }

  says(text: string): void {
    this.events!.data(Buffer.from(text, 'latin1'));
  }
}

function show(reply: ReplyValue): string {
  if (reply instanceof ErrorReply) return `-${reply.message}`;
  return Buffer.isBuffer(reply) ? `"${reply.toString('latin1')}"` : String(reply);
}

describe('a wire', () => {
  it('sends everything of a turn at once', () => {
    const peer = new Peer();
    peer.send('AUTH', 'é');
    peer.send('PING');
    expect(peer.written).toEqual([]);
    peer.wire.flush();
    expect(peer.written).toEqual(['*2\r\n$4\r\nAUTH\r\n$1\r\né\r\n*1\r\n$4\r\nPING\r\n']);
    expect(peer.wire.unanswered).toBe(2);
  });

  it('gives replies to who asked, and the rest to the subscription', () => {
    const peer = new Peer();
    peer.send('ONE');
    peer.send('TWO');
    peer.says('+OK\r\n-ERR no\r\n$5\r\nhel');
    peer.says('lo\r\n');
    expect(peer.seen).toEqual(['ONE: OK', 'TWO: -ERR no', 'message "hello"']);
  });

  it('knows its own address once it is open', () => {
    const peer = new Peer();
    expect(peer.wire.localIp).toBeNull();
    peer.events!.open!();
    expect(peer.wire.localIp).toBe('10.0.0.9');
  });

  it('tells that it broke, once', () => {
    const peer = new Peer();
    peer.send('ONE');
    peer.events!.close({ code: 'ECONNRESET', message: 'Connection reset by peer' });
    peer.wire.close();
    expect(peer.seen).toEqual(['gone', 'closed Connection reset by peer']);
    expect(peer.wire.unanswered).toBe(0);
  });

  it('hears nothing any more once it is closed', () => {
    const peer = new Peer();
    peer.send('ONE');
    peer.wire.close();
    peer.says('+OK\r\n');
    peer.events!.close(null);
    expect(peer.seen).toEqual(['gone']);
    expect(peer.isDestroyed).toBe(true);
  });

  it('leaves a peer that speaks something else', () => {
    const peer = new Peer();
    peer.says('HTTP/1.1 400 Bad Request\r\n');
    expect(peer.seen).toEqual(['gone', `closed Protocol error, No reply starts with "H".`]);
  });

  it('leaves a peer whose reply does not end', () => {
    const peer = new Peer();
    peer.says('$999999999\r\n');
    for (let i = 0; i < 17; i++) peer.says('x'.repeat(2 ** 20));
    expect(peer.seen).toEqual(['gone', 'closed Reply too long']);
  });

  it('closes in the midst of what came', () => {
    const peer = new Peer();
    peer.wire.send(['ONE'], () => peer.wire.close());
    peer.says('+OK\r\n+OK\r\n');
    expect(peer.seen).toEqual(['gone']);
  });
});
