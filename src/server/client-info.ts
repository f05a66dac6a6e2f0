/**
 * A client as one line: CLIENT LIST, CLIENT INFO, and the log lines that name a client (networking.c
 * catClientInfoString). Each field is what Redis would show. Sizes of buffers come from the session's gauge; the
 * sizes of C structures that tot-mem contains are constants here.
 */
import { blockBytes } from './buffer-gauge.ts';
import { SESSION, type Session } from './session.ts';

/** sizeof of Redis' own structures, 64 bit. */
const CLIENT_BYTES = 768;
const POINTER_BYTES = 8;
const LIST_NODE_BYTES = 24;
const DICT_ENTRY_BYTES = 24;
const DICT_SLOTS_MIN = 4;
const WATCHED_KEY_BYTES = 32;
const QUEUED_COMMAND_BYTES = 24;

/** The line, as a binary string without line end. */
export function clientInfo(session: Session): string {
  const { gauge, decoder, server } = session;
  const pending = session.outputBytes;
  const buffered = decoder.bufferedBytes;
  const blocks = gauge.blocks(pending);
  const now = Math.floor(server.keyspace.nowMs / 1000);
  return [
    `id=${session.id} addr=${session.peer} laddr=${session.localAddress} fd=${session.descriptor} name=${session.name}`,
    `age=${now - Math.floor(session.createdMs / 1000)} idle=${idleSeconds(session)} flags=${flagLetters(session)}`,
    `db=${session.db.index} sub=${session.channels.size} psub=${session.patterns.size}`,
    `ssub=${session.shardChannels.size} multi=${session.transaction?.queued.length ?? -1}`,
    `qbuf=${buffered} qbuf-free=${Math.max(0, gauge.queryBytes - buffered)} argv-mem=${argumentBytes(session)}`,
    `multi-mem=${session.transaction?.bytes ?? 0} rbs=${gauge.replyBytes} rbp=${gauge.replyPeak}`,
    `obl=${Math.min(pending, gauge.replyBytes)} oll=${blocks} omem=${blockBytes(blocks) + (session.source?.waitingBytes ?? 0)}`,
    `tot-mem=${totalMemory(session)} events=${session.connection.queuedBytes > 0 ? 'rw' : 'r'}`,
    `cmd=${session.lastCommand?.fullName ?? 'NULL'} user=${session.has(SESSION.master) ? '(superuser)' : session.user.name} redir=${session.shownRedirect}`,
    `resp=${session.protocol}`,
  ].join(' ');
}

/** Whole seconds since the last byte came or left. */
export function idleSeconds(session: Session): number {
  return Math.floor(session.server.keyspace.nowMs / 1000) - Math.floor(session.lastInteractionMs / 1000);
}

const LETTERS: readonly (readonly [flag: number, letter: string])[] = [
  [SESSION.monitor, 'O'],
  [SESSION.replica, 'S'],
  [SESSION.master, 'M'],
  [SESSION.subscribed, 'P'],
  [SESSION.multi, 'x'],
  [SESSION.blocked, 'b'],
  [SESSION.tracking, 't'],
  [SESSION.brokenRedirect, 'R'],
  [SESSION.trackingBroadcast, 'B'],
  [SESSION.dirty, 'd'],
  [SESSION.closeAfterReply, 'c'],
  [SESSION.unblocked, 'u'],
  [SESSION.closing, 'A'],
  [SESSION.unixSocket, 'U'],
  [SESSION.readonly, 'r'],
  [SESSION.noEvict, 'e'],
];

function flagLetters(session: Session): string {
  let letters = '';
  for (const [flag, letter] of LETTERS) if (session.has(flag)) letters += letter;
  return letters === '' ? 'N' : letters;
}

/** What the client costs, all buffers included: tot-mem. */
export function totalMemory(session: Session): number {
  return restingMemory(session) + argumentBytes(session) + session.decoder.args.count * POINTER_BYTES;
}

/** Bytes of the arguments of the command that runs or waits. */
function argumentBytes(session: Session): number {
  const waiting = session.has(SESSION.blocked) ? session.server.blocking.waitOf(session)?.argumentBytes : undefined;
  return waiting ?? session.decoder.args.totalLength();
}

/** The same without the arguments of the request that runs or is being read. */
export function restingMemory(session: Session): number {
  const { gauge } = session;
  return (
    CLIENT_BYTES +
    gauge.queryMemory +
    gauge.replyBytes +
    blockBytes(gauge.blocks(session.outputBytes)) +
    transactionMemory(session) +
    subscriptionMemory(session) +
    session.trackingPrefixBytes
  );
}

function transactionMemory({ transaction, watched }: Session): number {
  const watching = watched.length * (LIST_NODE_BYTES + WATCHED_KEY_BYTES);
  if (transaction === null || transaction.queued.length === 0) return watching;
  const room = powerOfTwo(Math.max(2, transaction.queued.length));
  return watching + transaction.bytes + room * QUEUED_COMMAND_BYTES;
}

function subscriptionMemory({ channels, patterns, shardChannels }: Session): number {
  return patterns.size * LIST_NODE_BYTES + dictMemory(channels.size) + dictMemory(shardChannels.size);
}

function dictMemory(entries: number): number {
  if (entries === 0) return 0;
  return entries * DICT_ENTRY_BYTES + powerOfTwo(Math.max(DICT_SLOTS_MIN, entries)) * POINTER_BYTES;
}

function powerOfTwo(atLeast: number): number {
  return 2 ** Math.ceil(Math.log2(atLeast));
}
