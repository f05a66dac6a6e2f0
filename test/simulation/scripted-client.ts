/**
 * A client inside the simulation: sends random commands in pipelines of random length, waits for the replies, and
 * comes back after its connection broke. Everything it does follows from its host's dice.
 */
import { encodeCommand } from '../../src/client/encode-command.ts';
import { ErrorReply, ReplyParser } from '../../src/client/reply-parser.ts';
import type { Connection, Host, Random } from '../../src/host/host.ts';

export interface ClientReport {
  replies: number;
  errors: string[];
  reconnects: number;
}

const RECONNECT_MS = 20;
const PAUSE_MS_MAX = 10;
const PIPELINE_MAX = 8;
const KEYS = 12;

/** Runs until the world stops. `report` grows as replies come. */
export function runScriptedClient(host: Host, server: string, port: number, report: ClientReport): void {
  const random = host.random.fork('script');
  const connect = (): void => {
    let waiting = 0;
    const parser = new ReplyParser({
      onReply: (reply) => {
        report.replies++;
        if (reply instanceof ErrorReply) report.errors.push(reply.message);
        if (--waiting === 0) host.timers.after(random.below(PAUSE_MS_MAX) + 1, send);
      },
      onBroken: (error) => {
        throw error;
      },
    });
    const connection: Connection = host.net.connect(
      { kind: 'tcp', host: server, port },
      {
        open: () => send(),
        data: (chunk) => parser.feed(Buffer.from(chunk)),
        close: () => {
          waiting = -1;
          report.reconnects++;
          host.timers.after(RECONNECT_MS, connect);
        },
      },
      { timeoutMs: 500 },
    );
    const send = (): void => {
      if (waiting !== 0) return;
      const commands = Array.from({ length: 1 + random.below(PIPELINE_MAX) }, () => randomCommand(random));
      waiting = commands.length;
      connection.write(Buffer.concat(commands.map(encodeCommand)));
    };
  };
  connect();
}

function randomCommand(random: Random): (string | number)[] {
  const key = `key:${random.below(KEYS)}`;
  const other = `key:${random.below(KEYS)}`;
  const value = 'v'.repeat(random.below(2000));
  const commands: (string | number)[][] = [
    ['SET', key, value],
    ['SET', key, random.below(1000), 'PX', 1 + random.below(100)],
    ['GET', key],
    ['INCR', `count:${random.below(4)}`],
    ['APPEND', key, value.slice(0, 20)],
    ['DEL', key, other],
    ['PEXPIRE', key, 1 + random.below(200)],
    ['RENAME', key, other],
    ['RANDOMKEY'],
    ['SCAN', 0, 'COUNT', 5],
    ['TTL', key],
    ['WATCH', key],
    ['MULTI'],
    ['EXEC'],
    ['DBSIZE'],
    ['PUBLISH', 'news', value.slice(0, 50)],
  ];
  return commands[random.below(commands.length)]!;
}
