import { describe, expect, it } from 'vitest';
import type { Arguments } from '../../src/core/arguments.ts';
import type { ChangeSink } from '../../src/server/hooks.ts';
import { BareServer } from '../support/bare-server.ts';

/** A sink that writes down what it is fed: "database command". */
class Tape implements ChangeSink {
  readonly takesMessages: boolean;
  readonly #lines: string[] = [];

  constructor(takesMessages = true) {
    this.takesMessages = takesMessages;
  }

  feed(database: number, args: Arguments): void {
    const words = Array.from({ length: args.count }, (_, i) => args.binary(i));
    this.#lines.push(`${database} ${words.join(' ')}`);
  }

  /** What was fed since the last call. */
  take(): string[] {
    return this.#lines.splice(0);
  }
}

function taped(): { bare: BareServer; tape: Tape } {
  const bare = new BareServer();
  const tape = new Tape();
  bare.server.hooks.changeSinks.push(tape);
  return { bare, tape };
}

describe('The stream of changes', () => {
  it('holds the commands that changed something', () => {
    const { bare, tape } = taped();
    const client = bare.connect();
    client.send(['SET', 'k', '1'], ['GET', 'k'], ['DEL', 'missing'], ['DEL', 'k'], ['INCR', 'k', 'x']);
    expect(tape.take()).toEqual(['0 SET k 1', '0 DEL k']);
  });

  it('knows in which database they ran', () => {
    const { bare, tape } = taped();
    bare.connect().send(['SELECT', '3'], ['SET', 'k', '1']);
    expect(tape.take()).toEqual(['3 SET k 1']);
  });

  it('wraps the effects of a transaction, if there is more than one', () => {
    const { bare, tape } = taped();
    const client = bare.connect();
    client.send(['MULTI'], ['SET', 'a', '1'], ['GET', 'a'], ['SELECT', '2'], ['SET', 'b', '1'], ['EXEC']);
    expect(tape.take()).toEqual(['0 MULTI', '0 SET a 1', '2 SET b 1', '2 EXEC']);
    client.send(['MULTI'], ['SET', 'c', '1'], ['EXEC'], ['MULTI'], ['GET', 'c'], ['EXEC'], ['MULTI'], ['EXEC']);
    expect(tape.take()).toEqual(['2 SET c 1']);
  });

  it('tells that a key expired before the command that found out, as one with it', () => {
    const { bare, tape } = taped();
    const client = bare.connect();
    client.send(['SET', 'k', 'x', 'PX', '100']);
    tape.take();
    bare.advance(200);
    client.send(['INCR', 'k']);
    expect(tape.take()).toEqual(['0 MULTI', '0 DEL k', '0 INCR k', '0 EXEC']);
    client.send(['PEXPIRE', 'k', '100']);
    tape.take();
    bare.advance(200);
    client.send(['GET', 'k']);
    expect(tape.take()).toEqual(['0 DEL k']);
  });

  it('carries messages to those that forward them', () => {
    const { bare, tape } = taped();
    const file = new Tape(false);
    bare.server.hooks.changeSinks.push(file);
    const client = bare.connect();
    client.send(['PUBLISH', 'news', 'hi'], ['SPUBLISH', 'news', 'hi']);
    expect(tape.take()).toEqual(['0 PUBLISH news hi', '0 SPUBLISH news hi']);
    client.send(['MULTI'], ['PUBLISH', 'news', 'hi'], ['SET', 'k', '1'], ['EXEC']);
    expect(tape.take()).toEqual(['0 MULTI', '0 PUBLISH news hi', '0 SET k 1', '0 EXEC']);
    expect(file.take()).toEqual(['0 SET k 1']);
  });

  it('keeps its own copy of what it holds', () => {
    const { bare, tape } = taped();
    const request = Buffer.from('*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$5\r\nvalue\r\n');
    const client = bare.connect();
    client.send(['MULTI']);
    client.sendRaw(request);
    request.fill(0x2a);
    client.send(['EXEC']);
    expect(tape.take()).toEqual(['0 SET k value']);
  });

  it('is not collected while nobody takes it', () => {
    const bare = new BareServer();
    bare.connect().send(['SET', 'k', '1'], ['PUBLISH', 'a', 'b']);
    const tape = new Tape();
    bare.server.hooks.changeSinks.push(tape);
    bare.server.enter(() => {});
    expect(tape.take()).toEqual([]);
  });
});
