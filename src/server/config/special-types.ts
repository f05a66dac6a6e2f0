/**
 * The parameters with a form of their own: save points, buffer limits, addresses, the master, and the like.
 *
 * Each is a `ValueType` as in value-types.ts. Their hooks run after every successful SET (`alwaysApplies`), because
 * Redis does not compare their old value with the new one; oom-score-adj-values is the exception.
 */
import { formatDecimal, formatMemory, parseLeadingInteger, parseMemory } from './c-numbers.ts';
import { WRONG_NUMBER_OF_ARGUMENTS } from './value-types.ts';
import type { Setting, ValueType } from './value-types.ts';
import { parseDoubleText } from '../../core/double.ts';
import { cString, lowerCaseAscii } from '../../core/latin1.ts';
import { repr } from '../../core/repr.ts';

/** As C assigns a long to an int. */
function toInt32(value: bigint): number {
  return Number(BigInt.asIntN(32, value));
}

// ------------------------------------------------------------------------------------------------------------- save

export interface SavePoint {
  readonly seconds: number;
  readonly changes: number;
}

export const savePointsType: ValueType<readonly SavePoint[]> = {
  kind: 'save',
  alwaysApplies: true,
  parse(args, context) {
    if (args.length === 1 && cString(args[0]!) === '') return { value: [], text: '' };
    const given = readSavePoints(args);
    if (given === null) return 'Invalid save parameters';
    const points = context.addsSavePoints ? [...splitPairs(context.current.text), ...given] : given;
    return {
      value: points.map(([seconds, changes]) => ({ seconds: Number(seconds), changes: Number(changes) })),
      text: points.flat().join(' '),
    };
  },
  rewrite(name, setting, _initial, context) {
    if (context.sentinel) return [{ option: name, line: null, force: false }];
    if (setting.text === '') return [{ option: name, line: `${name} ""`, force: true }];
    return splitPairs(setting.text).map((pair) => ({ option: name, line: `${name} ${pair.join(' ')}`, force: true }));
  },
};

export const initialSavePoints: Setting<readonly SavePoint[]> = {
  value: [
    { seconds: 3600, changes: 1 },
    { seconds: 300, changes: 100 },
    { seconds: 60, changes: 10000 },
  ],
  text: '3600 1 300 100 60 10000',
};

/** Seconds and changes as printed, with all their digits. */
type SavePair = readonly [string, string];

function readSavePoints(args: readonly string[]): SavePair[] | null {
  if (args.length % 2 !== 0) return null;
  const points: SavePair[] = [];
  for (let index = 0; index < args.length; index += 2) {
    const seconds = parseLeadingInteger(args[index]!, 10);
    const changes = parseLeadingInteger(args[index + 1]!, 10);
    if (!seconds.whole || !changes.whole || seconds.value < 1n || changes.value < 0n) return null;
    points.push([String(seconds.value), String(toInt32(changes.value))]);
  }
  return points;
}

function splitPairs(text: string): SavePair[] {
  const words = text === '' ? [] : text.split(' ');
  return Array.from({ length: words.length / 2 }, (_, index) => [words[2 * index]!, words[2 * index + 1]!]);
}

// --------------------------------------------------------------------------------------- client-output-buffer-limit

export interface BufferLimit {
  readonly hardBytes: number;
  readonly softBytes: number;
  readonly softSeconds: number;
}

export type BufferLimitClass = 'normal' | 'replica' | 'pubsub';
export type BufferLimits = Readonly<Record<BufferLimitClass, BufferLimit>>;

/** In the order in which they are printed. */
const bufferLimitClasses: readonly BufferLimitClass[] = ['normal', 'replica', 'pubsub'];
const LIMIT_ARGUMENTS = 4;

/** Class name, hard and soft limit in bytes, seconds: as CONFIG GET prints one class, with the exact sizes. */
type LimitWords = readonly [string, string, string, string];

export const bufferLimitsType: ValueType<BufferLimits> = {
  kind: 'client-output-buffer-limit',
  alwaysApplies: true,
  parse(args, context) {
    if (args.length % LIMIT_ARGUMENTS !== 0) return 'Wrong number of arguments in buffer limit configuration.';
    const limits = new Map(splitLimits(context.current.text).map((words) => [words[0], words]));
    for (let index = 0; index < args.length; index += LIMIT_ARGUMENTS) {
      const words = readLimit(args.slice(index, index + LIMIT_ARGUMENTS));
      if (typeof words === 'string') return words;
      limits.set(words[0], words);
    }
    return settingOfLimits(bufferLimitClasses.map((name) => limits.get(printedClass(name))!));
  },
  rewrite(name, setting, initial) {
    const defaults = splitLimits(initial.text);
    return splitLimits(setting.text).map((words, index) => ({
      option: name,
      line: [
        name,
        words[0] === 'slave' ? 'replica' : words[0],
        formatMemory(BigInt(words[1])),
        formatMemory(BigInt(words[2])),
        words[3],
      ].join(' '),
      force: words.join(' ') !== defaults[index]!.join(' '),
    }));
  },
};

export const initialBufferLimits = settingOfLimits(
  splitLimits('normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60'),
);

function readLimit(args: readonly string[]): LimitWords | string {
  const className = lowerCaseAscii(cString(args[0]!));
  const name = className === 'slave' ? 'replica' : className;
  const known = bufferLimitClasses.find((candidate) => candidate === name);
  if (known === undefined) return 'Invalid client class specified in buffer limit configuration.';
  const hard = parseMemory(args[1]!);
  const soft = parseMemory(args[2]!);
  const given = parseLeadingInteger(args[3]!, 10);
  const seconds = toInt32(given.value);
  if (hard === null || soft === null || !given.whole || seconds < 0) {
    return 'Error in hard, soft or soft_seconds setting in buffer limit configuration.';
  }
  return [printedClass(known), String(hard), String(soft), String(seconds)];
}

function printedClass(name: BufferLimitClass): string {
  return name === 'replica' ? 'slave' : name;
}

function splitLimits(text: string): LimitWords[] {
  const words = text.split(' ');
  return bufferLimitClasses.map((_, index) => {
    const at = index * LIMIT_ARGUMENTS;
    return [words[at]!, words[at + 1]!, words[at + 2]!, words[at + 3]!];
  });
}

function settingOfLimits(all: readonly LimitWords[]): Setting<BufferLimits> {
  const [normal, replica, pubsub] = all.map((words) => ({
    hardBytes: Number(words[1]),
    softBytes: Number(words[2]),
    softSeconds: Number(words[3]),
  }));
  return { value: { normal: normal!, replica: replica!, pubsub: pubsub! }, text: all.flat().join(' ') };
}

// ---------------------------------------------------------------------------------------------- oom-score-adj-values

const OOM_SCORE_LIMIT = 2000n;

/** For a master, a replica and a background child. */
export const oomScoresType: ValueType<readonly number[]> = {
  kind: 'oom-score-adj-values',
  alwaysApplies: false,
  parse(args) {
    if (args.length !== 3) return WRONG_NUMBER_OF_ARGUMENTS;
    const scores = args.map((arg) => parseLeadingInteger(arg, 10));
    if (scores.some(({ whole, value }) => !whole || value < -OOM_SCORE_LIMIT || value > OOM_SCORE_LIMIT)) {
      return `Invalid oom-score-adj-values, elements must be between -${OOM_SCORE_LIMIT} and ${OOM_SCORE_LIMIT}.`;
    }
    const value = scores.map((score) => Number(score.value));
    return { value, text: value.join(' ') };
  },
  rewrite(name, setting, initial) {
    return [{ option: name, line: `${name} ${setting.text}`, force: setting.text !== initial.text }];
  },
};

// ------------------------------------------------------------------------------------------- notify-keyspace-events

/** Bits of the event classes, by their letter. */
export const keyspaceEventBits = {
  K: 1 << 0,
  E: 1 << 1,
  g: 1 << 2,
  $: 1 << 3,
  l: 1 << 4,
  s: 1 << 5,
  h: 1 << 6,
  z: 1 << 7,
  x: 1 << 8,
  e: 1 << 9,
  t: 1 << 10,
  m: 1 << 11,
  d: 1 << 13,
  n: 1 << 14,
} as const;

const eventBits: ReadonlyMap<string, number> = new Map(Object.entries(keyspaceEventBits));
/** What the letter A stands for: every class but key misses and new keys. */
const ALL_EVENTS = maskOf('g$lshzxetd');

function maskOf(letters: string): number {
  let mask = 0;
  for (const letter of letters) mask |= eventBits.get(letter)!;
  return mask;
}

/** A mask of `keyspaceEventBits`; 0 is off. */
export const keyspaceEventsType: ValueType<number> = {
  kind: 'notify-keyspace-events',
  alwaysApplies: true,
  parse(args) {
    if (args.length !== 1) return WRONG_NUMBER_OF_ARGUMENTS;
    let value = 0;
    for (const letter of cString(args[0]!)) {
      const bits = letter === 'A' ? ALL_EVENTS : eventBits.get(letter);
      if (bits === undefined) return "Invalid event class character. Use 'Ag$lshzxeKEtmdn'.";
      value |= bits;
    }
    return { value, text: formatEvents(value) };
  },
  rewrite(name, setting) {
    return [{ option: name, line: `${name} ${repr(setting.text)}`, force: setting.value !== 0 }];
  },
};

/** New-key events are not printed beside A. Redis forgets them there, and clients compare with what it prints. */
function formatEvents(mask: number): string {
  const hasAll = (mask & ALL_EVENTS) === ALL_EVENTS;
  const letters = (order: string): string => [...order].filter((letter) => mask & eventBits.get(letter)!).join('');
  return (hasAll ? 'A' : letters('g$lshzxetdn')) + letters('KEm');
}

// ------------------------------------------------------------------------------------------------------------- bind

export const initialBind: Setting<readonly string[]> = { value: ['*', '-::*'], text: '* -::*' };
const BIND_ADDRESSES_LIMIT = 16;

export const bindType: ValueType<readonly string[]> = {
  kind: 'bind',
  alwaysApplies: true,
  parse(args) {
    if (args.length > BIND_ADDRESSES_LIMIT) return 'Too many bind addresses specified.';
    const value = args.length === 1 && args[0] === '' ? [] : args.map(cString);
    return { value, text: value.join(' ') };
  },
  rewrite(name, setting, initial) {
    if (setting.text === initial.text) return [{ option: name, line: null, force: false }];
    const addresses = setting.value.length === 0 ? ['""'] : setting.value.map(quoteAddress);
    return [{ option: name, line: `${name} ${addresses.join(' ')}`, force: true }];
  },
};

/** Redis writes addresses as they are, and does not start again from a file with a quote in one. */
function quoteAddress(address: string): string {
  return /^[\w.:*%-]+$/.test(address) ? address : repr(address);
}

// -------------------------------------------------------------------------------------------------------- replicaof

export interface MasterAddress {
  readonly host: string;
  readonly port: number;
}

/** CONFIG GET cuts the address here. */
const MASTER_TEXT_LIMIT_BYTES = 255;
const PORT_LIMIT = 65535;

export const replicaOfType: ValueType<MasterAddress | null> = {
  kind: 'replicaof',
  alwaysApplies: true,
  parse(args) {
    if (args.length !== 2) return WRONG_NUMBER_OF_ARGUMENTS;
    const host = cString(args[0]!);
    if (lowerCaseAscii(host) === 'no' && lowerCaseAscii(cString(args[1]!)) === 'one') return { value: null, text: '' };
    const given = parseLeadingInteger(args[1]!, 10);
    const port = toInt32(given.value);
    if (!given.whole || port < 0 || port > PORT_LIMIT) return 'Invalid master port';
    return { value: { host, port }, text: `${host} ${port}`.slice(0, MASTER_TEXT_LIMIT_BYTES) };
  },
  rewrite(name, { value }, _initial, context) {
    if (context.cluster || value === null) return [{ option: name, line: null, force: false }];
    return [{ option: name, line: `${name} ${quoteAddress(value.host)} ${value.port}`, force: true }];
  },
};

// -------------------------------------------------------------------------------- latency-tracking-info-percentiles

export const initialPercentiles: Setting<readonly number[]> = { value: [50, 99, 99.9], text: '50 99 99.9' };

export const percentilesType: ValueType<readonly number[]> = {
  kind: 'latency-tracking-info-percentiles',
  alwaysApplies: true,
  parse(args) {
    if (args.length === 1 && args[0] === '') return { value: [], text: '' };
    const value: number[] = [];
    for (const arg of args) {
      const percentile = parseDoubleText(arg);
      if (Number.isNaN(percentile)) return 'Invalid latency-tracking-info-percentiles parameters';
      if (percentile > 100 || percentile < 0) {
        return 'latency-tracking-info-percentiles parameters should sit between [0.0,100.0]';
      }
      value.push(percentile);
    }
    return { value, text: value.map(formatDecimal).join(' ') };
  },
  rewrite(name, setting) {
    return [{ option: name, line: `${name} ${setting.value.length === 0 ? '""' : setting.text}`, force: true }];
  },
};

// -------------------------------------------------------------------------------------------------------------- dir

/** Absolute. Setting it moves the server's working directory: relative paths that follow start there. */
export const directoryType: ValueType<string> = {
  kind: 'dir',
  alwaysApplies: true,
  parse(args, context) {
    if (args.length !== 1) return WRONG_NUMBER_OF_ARGUMENTS;
    const entered = context.enterDirectory(cString(args[0]!));
    return 'reason' in entered ? entered.reason : { value: entered.path, text: entered.path };
  },
  rewrite(name, setting) {
    return [{ option: name, line: `${name} ${repr(setting.text)}`, force: true }];
  },
};
