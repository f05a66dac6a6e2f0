/**
 * The one place where replies that need not be equal are made comparable: what Redis gives in the order of a hash
 * table is sorted, of what dice decide only the form is left, and so it is with what clocks, addresses, memory and
 * the process are asked for.
 */
import { readReply, RespError, RespVerbatim, type Reply } from '../support/resp-reader.ts';
import { missingCommands } from '../server/missing-commands.ts';
import type { Call } from './suite.ts';

/** A reply of a call, RESP as latin1 text, made such that equal behaviour gives equal texts. */
export type Comparable = (call: Call, reply: string) => string;

type Rule = (reply: string, call: Call) => string;

/** More elements than any key has in a script: whoever asks for so many gets them all. */
export const ALL = 1000;

/** Decodes a reply given as latin1 text; bulks as binary strings. */
export function decode(reply: string): Reply {
  const read = readReply(Buffer.from(reply, 'latin1'), true);
  if (read === null) throw new Error(`not a whole reply: ${JSON.stringify(reply)}`);
  return withTexts(read.reply);
}

function withTexts(reply: Reply): Reply {
  if (Buffer.isBuffer(reply)) return reply.toString('latin1');
  if (Array.isArray(reply)) return reply.map(withTexts);
  if (reply instanceof Map) return new Map([...reply].map(([key, value]) => [withTexts(key), withTexts(value)]));
  if (reply instanceof Set) return new Set([...reply].map(withTexts)) as unknown as Reply;
  return reply;
}

/** A decoded reply as a text; maps and sets in the order of their contents. */
export function canonical(reply: Reply): string {
  if (Array.isArray(reply)) return `[${reply.map(canonical).join(' ')}]`;
  if (reply instanceof Map) return `{${flatten(reply, 2).sort().join(' ')}}`;
  if (reply instanceof Set) return `(${[...(reply as Iterable<Reply>)].map(canonical).sort().join(' ')})`;
  if (reply instanceof RespError) return `-${reply.message}`;
  if (reply instanceof RespVerbatim) return reply.text;
  return typeof reply === 'string' ? JSON.stringify(reply) : String(reply);
}

/** Elements, each of so many replies. */
function flatten(reply: Reply, width: number): string[] {
  const flat = reply instanceof Map ? [...reply].flat() : [...(reply as Iterable<Reply>)];
  const elements: string[] = [];
  for (let i = 0; i < flat.length; i += width)
    elements.push(
      flat
        .slice(i, i + width)
        .map(canonical)
        .join(' '),
    );
  return elements;
}

/** Elements in an order of their own, behind the type of the reply. */
export function sortedElements(reply: string, width: number): string {
  return reply.slice(0, 1) + flatten(decode(reply), width).sort().join(' ');
}

const sorted: Rule = (reply) => sortedElements(reply, 1);
/** Names of commands but those that this server does not have yet. */
const commandNames: Rule = (reply) =>
  flatten(decode(reply), 1)
    .filter((name) => !missing.has(name.slice(1, -1)))
    .sort()
    .join(' ');
const missing = new Set(Object.values(missingCommands).flat());
const sortedPairs: Rule = (reply) => sortedElements(reply, 2);
/** The type of the reply and whether it is null; nothing of what it says. */
const kind: Rule = (reply) => (/^(?:[$*]-1|_)\r\n$/.test(reply) ? 'null' : reply.slice(0, 1));
const isEmpty: Rule = (reply) => kind(reply, []) + String(/^.0\r\n/.test(reply));

/** Elements that dice chose: all of them, or how many and of which form. */
function drawn(countAt: number): Rule {
  return (reply, call) => {
    const found = decode(reply);
    if (found === null || typeof found === 'string') return String(found === null);
    const elements = flatten(found, 1);
    if (Number(call[countAt]) >= ALL) return elements.sort().join(' ');
    return `${Array.isArray(found) && Array.isArray(found[0]) ? 'nested' : 'flat'} ${elements.length}`;
  };
}

/** A whole scan has all elements in some order; of a part, nothing is certain. */
function scan(cursorAt: number, width: number): Rule {
  return (reply, call) => {
    const count = call.findLastIndex((arg) => arg.toUpperCase() === 'COUNT');
    if (!/^0+$/.test(call[cursorAt]!) || !(Number(call[count + 1]) >= ALL)) return kind(reply, call);
    const [next, found] = decode(reply) as [string, Reply];
    return `${next} ${flatten(found, width).sort().join(' ')}`;
  };
}

/** Times of delivery, and how long ago they are. */
const xinfo: Rule = (reply, call) => {
  const timeless = reply.replaceAll(/:1[0-9]{12}\r\n/g, ':TIME\r\n');
  return call[1]!.toUpperCase() === 'CONSUMERS' ? timeless.replaceAll(/idle\r\n:[0-9]+/g, 'idle') : timeless;
};

const xpending: Rule = (reply, call) => {
  if (call.length === 3) return reply;
  const entries = decode(reply) as unknown[][];
  return entries.map(([id, owner, idle, count]) => `${id} ${owner} ${isLong(idle as number)} ${count}`).join(', ');
};

function isLong(idleMs: number): boolean {
  return idleMs > 3_600_000;
}

/** IDs that the clock gave. */
const xadd: Rule = (reply, call) => (call.includes('*') ? kind(reply, call) : reply);

/** Members whose order only a hash table knows; STORE answers with a number. */
const sort: Rule = (reply, call) => {
  const by = call.findIndex((arg) => arg.toUpperCase() === 'BY');
  return reply.startsWith('*') && by > 0 && !call[by + 1]?.includes('*') ? sorted(reply, call) : reply;
};

/** Of how a value is kept, the nodes of a list are comparable: how many there are, and how many bytes they hold. */
const debug: Rule = (reply, call) =>
  call[1]?.toUpperCase() === 'OBJECT' && reply.startsWith('+') ? reply.slice(reply.indexOf(' ql_')) : reply;

/** Ids, addresses, ages, and what buffers hold. */
function clientInfo(reply: string): string {
  return reply
    .replace(/^[$=]\d+/, 'N')
    .replaceAll(/127\.0\.0\.1:\d+/g, 'ADDRESS')
    .replaceAll(/\b(id|fd|age|idle|qbuf|qbuf-free|rbs|rbp|obl|oll|omem|tot-mem)=\d+/g, '$1=N');
}

const UNSUBSCRIBED = /(?:[*>]3\r\n\$\d+\r\n[ps]?unsubscribe\r\n\$\d+\r\n[^\r]*\r\n:\d+\r\n)+/g;

/** Everything that a client received; whoever leaves all channels leaves them in the order of a hash table. */
export function comparableSession(text: string): string {
  return text
    .replaceAll(/\+\d+\.\d{6} \[/g, '+T [')
    .replaceAll(/127\.0\.0\.1:\d+/g, 'ADDRESS')
    .replaceAll(/[$=]\d+\r\n(?:txt:)?id=\d+ addr=[^\r]*\r\n/g, clientInfo)
    .replaceAll(UNSUBSCRIBED, (replies) => {
      const lines = replies.split('\r\n');
      return [...lines.filter((_, i) => i % 6 === 4).sort(), ...lines.filter((_, i) => i % 6 !== 4)].join('\r\n');
    });
}

const PROSE = new Set(['summary', 'history', 'complexity', 'notes']);

/** Subcommands come in the order of a hash table, and prose is in words of our own. */
const describedCommands: Rule = (reply, call) => (call.length === 2 ? kind(reply, call) : deepSorted(decode(reply)));

function deepSorted(reply: Reply): string {
  if (reply instanceof Map || reply instanceof Set) return deepSorted([...reply].flat());
  if (!Array.isArray(reply)) return canonical(reply);
  const told = reply.filter((_, i) => !isProse(reply[i]) && !isProse(reply[i - 1]));
  return `[${told.map(deepSorted).sort().join(' ')}]`;
}

function isProse(reply: Reply | undefined): boolean {
  return typeof reply === 'string' && PROSE.has(reply);
}

/** Arguments and names; not times, durations and addresses, nor ids, which go on from script to script. */
const slowLog: Rule = (reply) => {
  const entries = decode(reply) as Reply[][];
  return entries.map((entry) => `${canonical(entry[3]!)} ${canonical(entry[5]!)}`).join('\n');
};

/** Help is in words of our own; it starts like Redis'. */
const help: Rule = (reply) => reply.slice(0, 1) + String(reply.split('\r\n')[1]);

const RULES: Readonly<Record<string, Rule>> = {
  RANDOMKEY: kind,
  KEYS: sorted,
  SCAN: scan(1, 1),
  SSCAN: scan(2, 1),
  HSCAN: scan(2, 2),
  ZSCAN: scan(2, 2),
  SMEMBERS: sorted,
  SINTER: sorted,
  SUNION: sorted,
  SDIFF: sorted,
  SPOP: drawn(2),
  SRANDMEMBER: drawn(2),
  HGETALL: sortedPairs,
  HKEYS: sorted,
  HVALS: sorted,
  HRANDFIELD: drawn(2),
  ZRANDMEMBER: drawn(2),
  SORT: sort,
  SORT_RO: sort,
  XADD: xadd,
  XINFO: xinfo,
  XPENDING: xpending,
  DEBUG: debug,
  'OBJECT IDLETIME': kind,
  DUMP: isEmpty,
  'MEMORY USAGE': kind,
  'MEMORY DOCTOR': kind,
  'MEMORY STATS': kind,
  'MEMORY MALLOC-STATS': kind,
  'LATENCY DOCTOR': kind,
  'LATENCY HISTOGRAM': kind,
  INFO: kind,
  LOLWUT: kind,
  LASTSAVE: kind,
  TIME: kind,
  ROLE: kind,
  HELLO: (reply) => reply.replace(/(\r\nid\r\n):\d+/, '$1:N'),
  'CLIENT ID': kind,
  'CLIENT INFO': clientInfo,
  'CLIENT LIST': clientInfo,
  'SLOWLOG GET': slowLog,
  'ACL GENPASS': (reply) => reply.slice(0, reply.indexOf('\n')),
  'ACL LOG': isEmpty,
  'ACL CAT': commandNames,
  'ACL USERS': sorted,
  COMMAND: kind,
  'COMMAND COUNT': kind,
  'COMMAND LIST': commandNames,
  'COMMAND INFO': describedCommands,
  'COMMAND DOCS': describedCommands,
  'CONFIG GET': sortedPairs,
  'FUNCTION DUMP': kind,
  'FUNCTION LIST': sorted,
  'PUBSUB CHANNELS': sorted,
  'PUBSUB SHARDCHANNELS': sorted,
};

/** What is equal where behaviour is. */
export const comparable: Comparable = (call, reply) => {
  if (reply.startsWith('-') || reply.startsWith('+QUEUED')) return reply;
  const name = call[0]!.toUpperCase();
  const subcommand = call[1]?.toUpperCase();
  if (subcommand === 'HELP' && call.length === 2 && /^[*~]/.test(reply)) return help(reply, call);
  const rule = RULES[`${name} ${subcommand}`] ?? RULES[name];
  return rule === undefined ? reply : rule(reply, call);
};

const IN_TABLES = new Set(['HGETALL', 'HKEYS', 'HVALS', 'HSCAN']);

/** For hashes that stay packed: their fields come in the order in which they were set. */
export const comparableInOrder: Comparable = (call, reply) =>
  IN_TABLES.has(call[0]!.toUpperCase()) ? reply : comparable(call, reply);
