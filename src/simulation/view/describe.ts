/** An entry of a history as one line for people: in the log beside the timeline, and in a terminal. */
import type { EntryOf, FactKind, HistoryEntry, Reply } from '../history.ts';

/** How much somebody should care. */
export type Tone = 'plain' | 'soft' | 'good' | 'warn' | 'bad' | 'violet';

const REPLY_MAX = 60;

export function describe(entry: HistoryEntry): string {
  switch (entry.kind) {
    case 'process':
      return { up: 'is up', 'lost-power': 'loses power' }[entry.state as string] ?? `is ${entry.state}`;
    case 'role':
      return entry.role === 'master' ? 'is a master' : `is a replica of ${entry.of ?? 'nobody'}`;
    case 'epoch':
      return `is in epoch ${entry.current}, its configuration is of epoch ${entry.config}`;
    case 'vote':
      return `votes for ${entry.for} in epoch ${entry.epoch}`;
    case 'flags':
      return describeFlags(entry);
    case 'slots':
      return entry.slots.length === 0 ? 'has no slots' : `has slots ${formatSlots(entry.slots)}`;
    case 'sync': {
      const how = entry.how === 'full' ? 'a snapshot' : 'the part that it missed';
      return `is in sync with ${entry.with} by ${how}, at ${entry.offset} of ${entry.replid.slice(0, 8)}…`;
    }
    case 'event':
      return entry.payload === '' ? entry.event : `${entry.event} ${entry.payload}`;
    case 'fault':
      return entry.did ? faultText(entry) : `${faultText(entry)} (could not happen)`;
    case 'heal':
      return entry.nodes.length === 0 ? entry.text : `${entry.text} (${entry.nodes.join(', ')})`;
    case 'message':
      return `${entry.from} → ${entry.to}: ${entry.head}`;
    case 'op':
      return describeOp(entry);
    case 'log':
      return entry.line;
    case 'phase':
      return { start: 'starts', faults: 'faults begin', healed: 'faults are over', end: 'the end' }[entry.phase];
    case 'check':
      return `${entry.checker}: ${entry.text}`;
  }
}

/** What befell whom. */
export function faultText({ text, nodes }: EntryOf<'fault'>): string {
  return nodes.every((node) => text.includes(node)) ? text : `${text}: ${nodes.join(', ')}`;
}

function describeFlags({ node, about, flags }: EntryOf<'flags'>): string {
  if (about !== node) return flags.length === 0 ? `finds ${about} well` : `holds ${about} for ${flags.join(' and ')}`;
  if (flags.includes('tilt')) return 'does not trust its clock: TILT';
  return flags.includes('cluster-down') ? 'finds the cluster down' : 'finds all well again';
}

function describeOp(entry: EntryOf<'op'>): string {
  const command = entry.words.join(' ');
  const at = entry.at === undefined ? '' : ` at ${entry.at}`;
  switch (entry.phase) {
    case 'invoke':
      return `${command}${at}`;
    case 'ok':
      return `${command} = ${formatReply(entry.reply ?? null)}${at}`;
    case 'fail':
      return `${command} failed${at}: ${formatReply(entry.reply ?? null)}`;
    case 'info':
      return `${command}: nobody knows whether it took place${at}`;
  }
}

export function formatReply(reply: Reply): string {
  const text = plainReply(reply);
  return text.length <= REPLY_MAX ? text : `${text.slice(0, REPLY_MAX - 1)}…`;
}

function plainReply(reply: Reply): string {
  if (reply === null) return 'nil';
  if (typeof reply === 'string') return reply;
  if (typeof reply === 'number') return String(reply);
  if ('error' in reply) return reply.error;
  return `[${reply.map(plainReply).join(', ')}]`;
}

export function formatSlots(slots: readonly (readonly [number, number])[]): string {
  return slots.map(([first, last]) => (first === last ? String(first) : `${first}-${last}`)).join(' ');
}

const BAD_FLAGS = new Set(['odown', 'fail', 'cluster-down']);

export function toneOf(entry: HistoryEntry): Tone {
  switch (entry.kind) {
    case 'check':
      return 'bad';
    case 'process':
      return entry.state === 'up' || entry.state === 'resumed' ? 'good' : 'bad';
    case 'fault':
      return entry.did ? 'bad' : 'soft';
    case 'heal':
      return 'good';
    case 'role':
      return entry.role === 'master' ? 'violet' : 'plain';
    case 'vote':
      return 'violet';
    case 'flags':
      return entry.flags.length === 0 ? 'good' : entry.flags.some((flag) => BAD_FLAGS.has(flag)) ? 'bad' : 'warn';
    case 'op':
      return entry.phase === 'fail' ? 'bad' : entry.phase === 'info' ? 'warn' : 'plain';
    case 'log':
    case 'message':
      return 'soft';
    default:
      return 'plain';
  }
}

/** What has one button in the page, in their order. Messages that always come are told from those that matter. */
export type Group =
  'faults' | 'state' | 'votes' | 'flags' | 'syncs' | 'ops' | 'messages' | 'stream' | 'traffic' | 'routine' | 'log';

export const GROUPS: Readonly<Record<Group, string>> = {
  faults: 'Faults',
  state: 'Roles',
  votes: 'Votes',
  flags: 'Suspicions',
  syncs: 'Syncs',
  ops: 'Operations',
  messages: 'Messages',
  stream: 'Replicated writes',
  traffic: 'Client traffic',
  routine: 'Heartbeats',
  log: 'Logs',
};

const GROUP_OF_KIND: Readonly<Record<Exclude<FactKind, 'message'>, Group>> = {
  process: 'state',
  role: 'state',
  epoch: 'state',
  slots: 'state',
  vote: 'votes',
  event: 'votes',
  flags: 'flags',
  sync: 'syncs',
  fault: 'faults',
  heal: 'faults',
  phase: 'faults',
  check: 'faults',
  op: 'ops',
  log: 'log',
};

/** Messages that come whether anything happens or not; a number is how many subscribers a sentinel's hello had. */
const ROUTINE =
  /^(?:\d+$|bus P[IO]NG\b|PING$|PONG$|INFO\b|ROLE$|REPLCONF (?:ACK|GETACK)|PUBLISH __sentinel__|(?:p?message|pmessage \*) __sentinel__)/i;
/** What servers say to each other beside the writes. */
const SYNCHRONISATION = /^(?:bus |PSYNC|REPLCONF|FULLRESYNC|CONTINUE|snapshot|AUTH|OK$|FAILOVER|REPLICAOF)/;
const VOTE = /^(?:bus (?:AUTH-|FAIL|MFSTART)|SENTINEL is-master-down-by-addr .* [0-9a-f]{40}$|[01] [0-9a-f]{40} )/i;
const CLIENT = /^client/i;
const SENTINEL = /^sentinel/i;

export function groupOf(entry: HistoryEntry): Group {
  if (entry.kind !== 'message') return GROUP_OF_KIND[entry.kind];
  const { from, to, head } = entry;
  if (CLIENT.test(from) || CLIENT.test(to)) return 'traffic';
  const parts = head.split(' · ');
  if (parts.every((part) => ROUTINE.test(part))) return 'routine';
  const isBetweenServers = !SENTINEL.test(from) && !SENTINEL.test(to);
  return isBetweenServers && !parts.some((part) => SYNCHRONISATION.test(part)) ? 'stream' : 'messages';
}

/** Whether it is about who is to take over. */
export function isAboutVotes({ head }: EntryOf<'message'>): boolean {
  return head.split(' · ').some((part) => VOTE.test(part));
}
