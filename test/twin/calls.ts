/** Arguments that go near the edges of what commands take, and calls made of them. */
import * as fc from 'fast-check';
import type { Call } from './suite.ts';

type Text = fc.Arbitrary<string>;

/** A name, or a value, that has every byte. */
export const allBytes = String.fromCharCode(...Array.from({ length: 256 }, (_, byte) => byte));

/** Few keys, so that commands meet; one is empty, one is long. */
export const key: Text = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom('a', 'b', 'c') },
  { weight: 1, arbitrary: fc.constantFrom('', 'k'.repeat(300), '\x00\r\n\xff', allBytes) },
);

const binary: Text = fc.string({ unit: fc.constantFrom(...'ab01-.\x00\xff \r\n'), maxLength: 60 });

/** Spellings of integers that are integers. */
export const integerText: Text = fc.oneof(
  fc.integer({ min: -30, max: 30 }).map(String),
  fc.constantFrom('9223372036854775807', '-9223372036854775808', '9223372036854775806', '4611686018427387904'),
  fc.constantFrom('9007199254740991', '9007199254740992', '-9007199254740993', '1000000000000000000', '10000', '9999'),
);

/** Spellings that look like integers and are none, and some far from it. */
export const brokenIntegerText: Text = fc.constantFrom(
  '',
  ' 1',
  '1 ',
  '+1',
  '01',
  '-0',
  '1.0',
  '1e3',
  '0x10',
  'abc',
  '9223372036854775808',
  '-9223372036854775809',
  '99999999999999999999',
  '--1',
  '1\x00',
);

export const anyInteger: Text = fc.oneof(
  { weight: 5, arbitrary: integerText },
  { weight: 1, arbitrary: brokenIntegerText },
);

export const floatText: Text = fc.oneof(
  fc.double({ noNaN: true, min: -1e6, max: 1e6 }).map(String),
  fc.constantFrom('0', '-0', '1', '1.5', '-1.1', '.5', '5.', '1e10', '1e-10', '3.0e3', '1e308', '1e4000', '1e5000'),
  fc.constantFrom(
    'inf',
    '-inf',
    '+inf',
    'nan',
    'infinity',
    '0x1p4',
    ' 1',
    '1 ',
    'abc',
    '',
    '1.5abc',
    '9007199254740993',
  ),
);

/** Values around the limits of encodings. */
export const value: Text = fc.oneof(
  anyInteger,
  floatText,
  binary,
  fc.integer({ min: 0, max: 60 }).map((length) => 'v'.repeat(length)),
  fc.constantFrom('v'.repeat(44), 'v'.repeat(45), 'v'.repeat(1024), '1'.repeat(20), 'v'.repeat(70_000), allBytes),
);

/** A word in any case. */
export function word(text: string): Text {
  return fc.constantFrom(text, text.toLowerCase(), text[0]! + text.slice(1).toLowerCase());
}

/** An argument list made of pieces, each a word, an arbitrary, or a list of arguments. */
export function call(...pieces: readonly (string | fc.Arbitrary<string | readonly string[]>)[]): fc.Arbitrary<Call> {
  const parts = pieces.map((piece, i) =>
    typeof piece !== 'string' ? piece : i === 0 ? word(piece) : fc.constant(piece),
  );
  return fc.tuple(...parts).map((args) => args.flat());
}

/** Some of the options, in any order, each possibly repeated. */
export function options(...choices: readonly fc.Arbitrary<string | readonly string[]>[]): fc.Arbitrary<string[]> {
  return fc.array(fc.oneof(...choices), { maxLength: 3 }).map((chosen) => chosen.flat());
}

/** A millisecond more or less would decide where a value came to stand for a time. */
const INEXACT = /^(?:psetex|restore)$/i;

/** Now and then an argument too many, too few, twice, or in its neighbour's place. */
export function nearlyValid(calls: fc.Arbitrary<Call>): fc.Arbitrary<Call> {
  const mutation = fc.oneof(
    { weight: 40, arbitrary: fc.constant('none' as const) },
    { weight: 1, arbitrary: fc.constantFrom('drop', 'add', 'cut', 'swap', 'repeat', 'omit') },
  );
  return fc.tuple(calls, mutation, value, fc.nat()).map(([args, change, extra, place]) => {
    if (change === 'none' || args.length < 2) return args;
    if (change === 'drop') return args.slice(0, -1);
    if (change === 'cut') return args.slice(0, 1);
    if (change === 'add') return [...args, extra];
    const at = 1 + (place % (args.length - 1));
    const [before, here, after] = [args.slice(0, at), args[at]!, args.slice(at + 1)];
    if (change === 'omit') return [...before, ...after];
    if (change === 'repeat') return [...before, here, here, ...after];
    return after.length === 0 || INEXACT.test(args[0]!) ? args : [...before, after[0]!, here, ...after.slice(1)];
  });
}

/** Relative times: long, past, or none at all. In seconds; in milliseconds they are a thousand times as long. */
export const secondsText: Text = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 1000, max: 1_000_000 }).map(String) },
  { weight: 1, arbitrary: fc.constantFrom('0', '-1', '-1000000', '9223372036854775', '9223372036854776') },
  { weight: 1, arbitrary: fc.constantFrom('9223372036854775807', '-9223372036854775808', '9223370399119966') },
  { weight: 1, arbitrary: brokenIntegerText },
);

export const millisecondsText: Text = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 1_000_000, max: 2_000_000_000 }).map(String) },
  { weight: 1, arbitrary: fc.constantFrom('0', '-1', '-1000000', '9223372036854775807', '-9223372036854775808') },
  { weight: 1, arbitrary: fc.constantFrom('9007199254740993', '9223370000000000000') },
  { weight: 1, arbitrary: brokenIntegerText },
);

/** Absolute times: far in the future, or past. */
export const unixSecondsText: Text = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 3_000_000_000, max: 9_000_000_000 }).map(String) },
  { weight: 2, arbitrary: fc.constantFrom('1', '0', '-1', '1000000000', '9223372036854775', '9223372036854776') },
  { weight: 1, arbitrary: brokenIntegerText },
);

export const unixMillisecondsText: Text = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 3_000_000_000_000, max: 9_000_000_000_000 }).map(String) },
  { weight: 2, arbitrary: fc.constantFrom('1', '0', '-1', '1000000000000', '9007199254740993', '9223372036854775807') },
  { weight: 1, arbitrary: brokenIntegerText },
);
