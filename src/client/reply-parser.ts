/**
 * Decodes RESP2 replies on links that we open and for `execute()`. The parsing is redis-parser's; this names what
 * comes out of it.
 */
import RedisParser from 'redis-parser';

/** A decoded RESP2 reply. Bulk strings are strings, or Buffers if asked for. Nested errors stay values. */
export type ReplyValue = string | Buffer | number | null | ErrorReply | ReplyValue[];

/** An error that the server answered. `message` is the whole text, `code` its first word. */
export class ErrorReply extends Error {
  readonly code: string;

  constructor(text: string) {
    super(text);
    this.name = 'ErrorReply';
    this.code = text.split(' ', 1)[0] ?? '';
  }
}

export interface ReplyParserOptions {
  /** Bulk strings as Buffers instead of UTF-8 strings. */
  readonly buffers?: boolean;
  onReply(reply: ReplyValue): void;
  /** The bytes are not RESP: the connection is of no use any more. */
  onBroken(error: Error): void;
}

export class ReplyParser {
  readonly #parser: RedisParser;

  constructor(options: ReplyParserOptions) {
    this.#parser = new RedisParser({
      returnReply: (reply: unknown) => options.onReply(translate(reply)),
      returnError: (error: Error) => options.onReply(new ErrorReply(error.message)),
      returnFatalError: (error: Error) => options.onBroken(error),
      returnBuffers: options.buffers === true,
      stringNumbers: false,
    });
  }

  feed(bytes: Buffer): void {
    this.#parser.execute(bytes);
  }
}

function translate(reply: unknown): ReplyValue {
  if (Array.isArray(reply)) return reply.map(translate);
  if (reply instanceof Error) return new ErrorReply(reply.message);
  return reply as ReplyValue;
}
