/**
 * A machine without a world, for tests of single modules: time moves when told, connections note what is sent over them and
 * answer what the test says.
 */
import { ErrorReply, type ReplyValue } from '../../src/client/reply-parser.ts';
import type { Net } from '../../src/host/host.ts';
import { Prng } from '../../src/host/prng.ts';
import { Names } from '../../src/sentinel/addresses.ts';
import { createInstance, type NewInstance } from '../../src/sentinel/instances.ts';
import type { LinkEvents, Machine } from '../../src/sentinel/machine.ts';
import { Instance, type LinkConnection, SentinelState } from '../../src/sentinel/state.ts';

export const MY_ID = 'a'.repeat(40);
export const OTHER_ID = 'b'.repeat(40);
export const THIRD_ID = 'c'.repeat(40);
const START_MS = 1_700_000_000_000;

export class FakeConnection implements LinkConnection {
  localIp: string | null = '10.0.0.100';
  readonly sent: string[] = [];
  readonly events: LinkEvents | null;
  isClosed = false;
  readonly #answered: ((reply: ReplyValue) => void)[] = [];

  constructor(events: LinkEvents | null = null) {
    this.events = events;
  }

  get unanswered(): number {
    return this.#answered.length;
  }

  send(args: readonly string[], answered: ((reply: ReplyValue) => void) | null): void {
    this.sent.push(args.join(' '));
    if (answered !== null) this.#answered.push(answered);
  }

  close(): void {
    this.isClosed = true;
  }

  /** The reply to the oldest command without one. Text is a bulk string. */
  answer(reply: ReplyValue): void {
    this.#answered.shift()!(reply);
  }

  /** Replies to all commands but the last with OK, and to the last with this. */
  answerLast(reply: ReplyValue): void {
    while (this.#answered.length > 1) this.answer('OK');
    this.answer(reply);
  }
}

export class FakeMachine implements Machine {
  readonly state = new SentinelState(START_MS);
  readonly random = new Prng(1);
  readonly settings = { port: 26_379, requirePass: '', sourceHost: '' };
  readonly names: Names;
  readonly logged: string[] = [];
  /** `channel payload` of every message. */
  readonly published: string[] = [];
  readonly scripts: (readonly string[])[] = [];
  readonly connections: FakeConnection[] = [];
  /** What names resolve to. */
  readonly hosts = new Map<string, string>();
  saves = 0;
  nowMs = START_MS;

  constructor() {
    this.state.myid = MY_ID;
    const resolve: Net['resolve'] = (name, done) => {
      const address = this.hosts.get(name);
      if (address === undefined) done({ code: 'ENOTFOUND', message: 'Name or service not known' }, []);
      else done(null, [address]);
    };
    this.names = new Names({ resolve }, (run) => run());
  }

  log(level: string, text: string): void {
    this.logged.push(`${level} ${text}`);
  }

  publish(channel: string, payload: string): void {
    this.published.push(`${channel} ${payload}`);
  }

  save(): void {
    this.saves++;
  }

  schedule(script: readonly string[]): void {
    this.scripts.push(script);
  }

  connect(_address: unknown, events: LinkEvents): FakeConnection {
    const connection = new FakeConnection(events);
    this.connections.push(connection);
    return connection;
  }

  crash(): never {
    throw new Error('crash');
  }

  timeZoneOffsetMinutes(): number {
    return 0;
  }

  /** What was published since the last call. */
  events(): string[] {
    return this.published.splice(0);
  }

  // ------------------------------------------------------------------------------------------------------------- a set

  create(made: NewInstance): Instance {
    const instance = createInstance(this, made);
    if (!(instance instanceof Instance)) throw new Error(instance);
    return instance;
  }

  /** mymaster at 10.0.0.1, quorum 2. */
  master(): Instance {
    return this.create({ kind: 'master', name: 'mymaster', host: '10.0.0.1', port: 6379, quorum: 2 });
  }

  /** A replica at 10.0.0.`number`, connected and well. */
  replica(master: Instance, number: number): Instance {
    const replica = this.create({ kind: 'replica', name: '', host: `10.0.0.${number}`, port: 6379, master });
    this.connected(replica);
    replica.infoRefresh = this.nowMs;
    replica.runid = String(number).padStart(40, '0');
    return replica;
  }

  /** Another sentinel at 10.0.1.`number`, connected. */
  sentinel(master: Instance, number: number, id: string): Instance {
    const sentinel = this.create({ kind: 'sentinel', name: id, host: `10.0.1.${number}`, port: 26_379, master });
    sentinel.runid = id;
    this.connected(sentinel);
    return sentinel;
  }

  connected({ link }: Instance): FakeConnection {
    const connection = new FakeConnection();
    link.cc = connection;
    link.disconnected = false;
    link.actPingTime = 0;
    return connection;
  }
}

export function connectionOf({ link }: Instance): FakeConnection {
  return link.cc as FakeConnection;
}

export function bulk(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}

export function errorReply(text: string): ErrorReply {
  return new ErrorReply(text);
}
