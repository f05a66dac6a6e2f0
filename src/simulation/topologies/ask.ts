/** A command to a server, without a connection of the network, answered at once: for administrators and for judges. */
import { encodeCommand } from '../../client/encode-command.ts';
import { ErrorReply, ReplyParser, type ReplyValue } from '../../client/reply-parser.ts';
import type { Server } from '../../server/server.ts';
import { MemoryConnection } from '../../topology/memory-connection.ts';

/** Of a command that waits, or of a server that ended while it was asked. */
export const NO_REPLY = null;

/** To be called in an event of the server's node. @returns an error as its text, with its dash. */
export function ask(server: Server, words: readonly (string | number)[]): ReplyValue {
  let answer: ReplyValue = NO_REPLY;
  const parser = new ReplyParser({
    onReply: (reply) => {
      answer = reply instanceof ErrorReply ? `-${reply.message}` : reply;
    },
    onBroken: () => {},
  });
  const connection = new MemoryConnection((accepted) => server.acceptInternal(accepted), {
    queuedBytes: 0,
    write: (bytes) => {
      parser.feed(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
      return true;
    },
    setPaused: () => {},
    closed: () => {},
  });
  connection.send(encodeCommand(words));
  connection.disconnect();
  return answer;
}
