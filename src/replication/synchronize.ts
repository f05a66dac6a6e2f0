/** SYNC, PSYNC and REPLCONF: how a client becomes a replica (replication.c syncCommand, replconfCommand). */
import { fail, SYNTAX_ERROR } from '../core/errors.ts';
import { splitArguments } from '../core/split-args.ts';
import type { Call } from '../server/call.ts';
import { clientInfo } from '../server/client-info.ts';
import { SESSION } from '../server/session.ts';
import type { ReplicaLink, SnapshotFilter } from './link.ts';
import { decidePsync } from './psync.ts';
import type { Replication } from './replication.ts';

const ADDRESS_LENGTH_LIMIT = 256;

export function sync(replication: Replication, c: Call): void {
  const link = admit(replication, c);
  if (link === null) return;
  link.isOld = true;
  startFullSync(replication, link);
}

export function psync(replication: Replication, c: Call): void {
  const { session, args } = c;
  if (session.has(SESSION.replica | SESSION.monitor)) return;
  if (args.count > 3 && args.is(3, 'failover')) takeOver(replication, c);
  const link = admit(replication, c);
  if (link === null) return;
  const { log, statistics } = c.server;
  const id = args.binary(1);
  const offset = args.int64(2);
  if (offset === null) {
    log.warning(`Replica ${link.name} asks for synchronization but with a wrong offset`);
    return fail('ERR value is not an integer or out of range');
  }
  const decision = decidePsync(replication.state, id, Number(offset), link.name);
  if (decision.kind === 'continue') {
    statistics.partialSyncsAccepted++;
    goOn(replication, link, Number(offset));
    return;
  }
  log.notice(decision.log);
  if (decision.warning !== null) log.warning(decision.warning);
  if (!id.startsWith('?')) statistics.partialSyncsRefused++;
  startFullSync(replication, link);
}

/** A master hands its role over to us, its replica (FAILOVER). */
function takeOver(replication: Replication, c: Call): void {
  const { state } = replication;
  const { log } = c.server;
  const id = c.args.binary(1);
  log.warning(`Failover request received for replid ${id}.`);
  if (!state.isReplica) fail("ERR PSYNC FAILOVER can't be sent to a master.");
  if (id.toLowerCase() !== state.id) fail('ERR PSYNC FAILOVER replid must match my replid.');
  replication.promote();
  log.notice(`MASTER MODE enabled (failover request from '${clientInfo(c.session)}')`);
}

/** Whether a client may synchronise with us now. @returns null if it is one already. */
function admit(replication: Replication, c: Call): ReplicaLink | null {
  const { session } = c;
  if (session.has(SESSION.replica | SESSION.monitor)) return null;
  if (replication.failover.isActive) fail("NOMASTERLINK Can't SYNC while failing over");
  if (replication.isReplica && replication.master.phase !== 'connected') {
    fail("NOMASTERLINK Can't SYNC while not connected with my master");
  }
  if (session.outputBytes > 0) fail('ERR SYNC and PSYNC are invalid with pending output');
  const link = replication.links.of(session);
  const { leavesOutData, leavesOutFunctions } = link.filter;
  if ((leavesOutData || leavesOutFunctions) && !link.takesEndMark) fail('ERR Filtered replica requires EOF capability');
  c.server.log.notice(`Replica ${link.name} asks for synchronization`);
  return link;
}

function goOn(replication: Replication, link: ReplicaLink, offset: number): void {
  const { state, links, server } = replication;
  link.state = 'online';
  link.ackMs = server.keyspace.nowMs;
  link.say(link.takesNewId ? `+CONTINUE ${state.id}\r\n` : '+CONTINUE\r\n');
  link.reader = state.buffer.reader(offset);
  links.attach(link);
  link.session.flushSoon();
  server.log.notice(
    `Partial resynchronization request from ${link.name} accepted. ` +
      `Sending ${state.offset + 1 - offset} bytes of backlog starting from offset ${offset}.`,
  );
  replication.acknowledgements.refreshGoodReplicas();
}

function startFullSync(replication: Replication, link: ReplicaLink): void {
  const { server, links } = replication;
  server.statistics.fullSyncs++;
  if (server.config.values['repl-disable-tcp-nodelay']) link.session.connection.noDelay(false);
  links.attach(link);
  if (links.count === 1) replication.ensureBacklog();
  replication.fullSync.request(link);
}

// ------------------------------------------------------------------------------------------------------------- replconf

export function replconf(replication: Replication, c: Call): void {
  const { args } = c;
  if (args.count % 2 === 0) fail(SYNTAX_ERROR);
  for (let i = 1; i < args.count; i += 2) {
    if (args.is(i, 'ack')) {
      acknowledge(replication, c, i + 1);
      return;
    }
    if (args.is(i, 'getack')) {
      if (replication.isReplica) replication.master.sendAck();
      return;
    }
    takeOption(replication.links.of(c.session), c, i);
  }
  c.reply.ok();
}

function takeOption(link: ReplicaLink, c: Call, i: number): void {
  const { args } = c;
  if (args.is(i, 'listening-port')) link.listeningPort = c.integer(i + 1);
  else if (args.is(i, 'ip-address')) {
    const length = args.length(i + 1);
    if (length >= ADDRESS_LENGTH_LIMIT) {
      fail(`ERR REPLCONF ip-address provided by replica instance is too long: ${length} bytes`);
    }
    link.announcedAddress = args.binary(i + 1);
  } else if (args.is(i, 'capa')) {
    if (args.is(i + 1, 'eof')) link.takesEndMark = true;
    else if (args.is(i + 1, 'psync2')) link.takesNewId = true;
  } else if (args.is(i, 'rdb-only')) {
    link.isSnapshotOnly = c.integerWithin(i + 1, 0, 1, 'ERR value is out of range, value must between 0 and 1') === 1;
  } else if (args.is(i, 'rdb-filter-only')) link.filter = parseFilter(args.binary(i + 1));
  else fail(`ERR Unrecognized REPLCONF option: ${args.binary(i)}`);
}

function parseFilter(text: string): SnapshotFilter {
  const words = splitArguments(text) ?? fail('ERR Missing rdb-filter-only values');
  const unknown = words.find((word) => word.toLowerCase() !== 'functions');
  if (unknown !== undefined) fail(`ERR Unsupported rdb-filter-only option: ${unknown}`);
  return { leavesOutData: true, leavesOutFunctions: words.length === 0 };
}

/** A replica tells how far it has come. This is not answered. */
function acknowledge(replication: Replication, c: Call, index: number): void {
  const { links, fullSync, acknowledgements } = replication;
  const link = links.attachedOf(c.session);
  const offset = c.args.int64(index);
  if (link === null || offset === null) return;
  if (Number(offset) > link.ackOffset) link.ackOffset = Number(offset);
  link.ackMs = c.now;
  if (link.state === 'wait-end') fullSync.checkStream();
  if (link.startsOnAck && link.isOnline) {
    link.startsOnAck = false;
    link.session.flushSoon();
  }
  acknowledgements.check();
}
