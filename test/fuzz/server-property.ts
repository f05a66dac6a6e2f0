/** Several clients send a server whatever comes to mind; it answers in RESP, stays up, and forgets them without trace. */
import * as fc from 'fast-check';
import { commandBytes } from './commands.ts';
import { type FuzzClient, FuzzServer } from './harness.ts';

const CLIENTS = 4;

interface Action {
  readonly client: number;
  readonly what: 'send' | 'leave' | 'turn deaf' | 'listen' | 'wait';
  /** One character per byte, which reads better in a counter-example. */
  readonly bytes: string;
  /** Places where the bytes are cut, as parts of their length. */
  readonly cuts: readonly number[];
  readonly durationMs: number;
}

const junk: fc.Arbitrary<Buffer> = fc.oneof(
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
  fc
    .array(fc.constantFrom('\r\n', '*', '$', '1', '-1', '3', '"', "'", '\\x', ' ', 'get', 'a', '\0', ':'), {
      maxLength: 30,
    })
    .map((parts) => Buffer.from(parts.join(''), 'latin1')),
);

/** Valid requests with a byte or two changed. */
const damaged: fc.Arbitrary<Buffer> = fc
  .tuple(commandBytes, fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { minLength: 1, maxLength: 2 }))
  .map(([bytes, changes]) => {
    const copy = Buffer.from(bytes);
    for (const [place, value] of changes) if (copy.length > 0) copy[place % copy.length] = value;
    return copy;
  });

const bytes: fc.Arbitrary<Buffer> = fc.oneof(
  { weight: 20, arbitrary: fc.array(commandBytes, { minLength: 1, maxLength: 4 }).map((list) => Buffer.concat(list)) },
  { weight: 2, arbitrary: damaged },
  { weight: 1, arbitrary: junk },
);

const action: fc.Arbitrary<Action> = fc.record({
  client: fc.nat({ max: CLIENTS - 1 }),
  what: fc.oneof(
    { weight: 30, arbitrary: fc.constant('send' as const) },
    { weight: 3, arbitrary: fc.constant('wait' as const) },
    { weight: 1, arbitrary: fc.constantFrom('leave' as const, 'turn deaf' as const, 'listen' as const) },
  ),
  bytes: bytes.map((each) => each.toString('latin1')),
  cuts: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 3 }),
  durationMs: fc.constantFrom(0, 1, 100, 1500, 3_600_000),
});

export const serverProperty = fc.property(
  fc.integer(),
  fc.array(action, { minLength: 1, maxLength: 40, size: 'max' }),
  (seed, actions) => {
    const fuzzed = new FuzzServer(seed);
    const all: FuzzClient[] = [];
    const current = Array.from({ length: CLIENTS }, () => fuzzed.connect());
    all.push(...current);
    for (const step of actions) {
      let client = current[step.client]!;
      if (!client.isOpen) all.push((client = current[step.client] = fuzzed.connect()));
      perform(fuzzed, client, step);
    }
    const harm = fuzzed.findHarm(all);
    if (harm !== null) throw new Error(harm);
  },
);

function perform(fuzzed: FuzzServer, client: FuzzClient, step: Action): void {
  switch (step.what) {
    case 'send':
      if (/reply/i.test(step.bytes)) client.expectSilence();
      for (const piece of cut(Buffer.from(step.bytes, 'latin1'), step.cuts)) client.send(piece);
      fuzzed.endTurn();
      return;
    case 'leave':
      client.close();
      return;
    case 'turn deaf':
      client.turnDeaf();
      return;
    case 'listen':
      client.listen();
      return;
    case 'wait':
      fuzzed.advance(step.durationMs);
  }
}

export function cut(all: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [0, ...cuts.map((part) => Math.floor(part * all.length)).sort((a, b) => a - b), all.length];
  return places.slice(1).map((end, at) => all.subarray(places[at], end));
}
