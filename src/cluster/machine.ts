/**
 * What a node does with a frame. Every frame carries, besides what it is for, what its sender claims to be: all of it is
 * compared with what we know, in an order that matters (cluster.c clusterProcessPacket).
 *
 * Frames of unknown nodes change nothing, but for a MEET, which is an invitation, and for the answer to our own.
 */
import { Frame, problemOf } from './bus/frame.ts';
import { FRAME, MESSAGE_FLAG, PROTOCOL_VERSION } from './bus/layout.ts';
import { updateFrame } from './bus/write-frame.ts';
import type { Core } from './core.ts';
import { hearVote, voteIfPossible } from './election.ts';
import { resolveCollision } from './epochs.ts';
import { forgiveIfPossible, setFailed } from './failure.ts';
import { processGossip } from './gossip.ts';
import { acceptMeet, completeHandshake, loseAddress, type RemoteLink, updateAddress } from './handshake.ts';
import { sendHeartbeat } from './heartbeat.ts';
import { hearFailoverStart, hearPausedOffset } from './manual-failover.ts';
import { setAsMaster } from './roles.ts';
import { send } from './send.ts';
import { leaveReplica, updateSlotsOf } from './slot-update.ts';
import { type ClusterNode, FRAME_NAMES, NODE, SLOT_BITMAP_BYTES, DUE } from './state.ts';

export function processFrame(core: Core, link: RemoteLink, bytes: Buffer): void {
  const { state, log } = core;
  const frame = new Frame(bytes);
  const { type } = frame;
  if (type < FRAME_NAMES.length) state.messages.received[type]!++;
  if (frame.version !== PROTOCOL_VERSION) return;
  if (type === core.droppedType) {
    log.warning('Dropping packet that matches debug drop filter');
    return;
  }
  const problem = problemOf(frame);
  if (problem !== null) {
    log.warning(problem);
    return;
  }
  if (Number.isNaN(frame.currentEpoch) || Number.isNaN(frame.configEpoch)) {
    log.warning(`Received ${FRAME_NAMES[type] ?? 'unknown'} packet with an epoch that cannot be`);
    return;
  }
  const sender = senderOf(core, link, frame);
  if (sender !== null) sender.dataReceivedMs = core.nowMs;
  if (sender !== null && !sender.has(NODE.handshake)) hearHeader(core, sender, frame);
  if (frame.isHeartbeat) processHeartbeat(core, link, frame, sender);
  else if (type === FRAME.fail) processFail(core, frame, sender);
  else if (sender !== null) processOther(core, link, frame, sender);
}

function senderOf({ state }: Core, link: RemoteLink, frame: Frame): ClusterNode | null {
  if (link.node !== null && !link.node.has(NODE.handshake)) return link.node;
  const sender = state.find(frame.sender);
  if (sender?.isMyself === true) return null;
  if (sender !== null && link.node === null) {
    // It has connected anew before we noticed that its old link is gone.
    sender.inboundLink?.close();
    sender.inboundLink = link;
    link.node = sender;
  }
  return sender;
}

/** What every frame of a known node tells. */
function hearHeader(core: Core, sender: ClusterNode, frame: Frame): void {
  const { state, nowMs } = core;
  const { currentEpoch, configEpoch } = frame;
  if (currentEpoch > state.currentEpoch) {
    state.currentEpoch = currentEpoch;
    state.doBeforeSleep(DUE.save | DUE.sync);
  }
  if (configEpoch > sender.configEpoch) {
    sender.configEpoch = configEpoch;
    state.doBeforeSleep(DUE.save | DUE.sync);
  }
  sender.replicationOffset = frame.replicationOffset;
  sender.replicationOffsetMs = nowMs;
  const { manualFailover, myself } = state;
  const isWaiting = manualFailover.endMs !== 0 && manualFailover.masterOffset < 0 && !manualFailover.canStart;
  if (isWaiting && myself.isReplica && myself.master === sender && frame.hasMessageFlag(MESSAGE_FLAG.paused)) {
    hearPausedOffset(core, sender.replicationOffset);
  }
}

function processHeartbeat(core: Core, link: RemoteLink, frame: Frame, sender: ClusterNode | null): void {
  const { state, log, nowMs } = core;
  const { type } = frame;
  if (type !== FRAME.pong) answer(core, link, frame, sender);
  if (link.direction === 'to') {
    const node = link.node!;
    if (node.has(NODE.handshake)) {
      if (!completeHandshake(core, link, sender, frame)) return;
    } else if (frame.sender !== node.name) {
      loseAddress(core, link);
      return;
    }
  }
  if (sender !== null) {
    sender.flags = (sender.flags & ~NODE.noFailover) | (frame.flags & NODE.noFailover);
    if (type === FRAME.ping && !sender.has(NODE.handshake) && updateAddress(core, sender, link, frame)) {
      state.doBeforeSleep(DUE.save | DUE.updateState);
    }
  }
  if (link.direction === 'to' && type === FRAME.pong) {
    const node = link.node!;
    node.pongReceivedMs = nowMs;
    node.pingSentMs = 0;
    if (node.has(NODE.pfail)) {
      node.clear(NODE.pfail);
      state.doBeforeSleep(DUE.save | DUE.updateState);
    } else if (node.isFailing) forgiveIfPossible(core, node);
  }
  if (sender === null) return;
  hearRole(core, sender, frame);
  hearSlots(core, sender, frame);
  const { myself } = state;
  if (myself.isMaster && sender.isMaster && frame.configEpoch === myself.configEpoch) resolveCollision(core, sender);
  processGossip(core, frame, sender);
  hearHostname(core, sender, frame);
  if (log.isDebugging) log.debug(`${FRAME_NAMES[type]} packet received: ${link.node?.name ?? 'NULL'}`);
}

/** To a PING or MEET. On the way we learn at which address others reach us. */
function answer(core: Core, link: RemoteLink, frame: Frame, sender: ClusterNode | null): void {
  const { state, settings, log } = core;
  const { myself } = state;
  const isMeet = frame.type === FRAME.meet;
  const { localIp } = link;
  if ((isMeet || myself.ip === '') && settings.announceIp === '' && localIp !== '' && localIp !== myself.ip) {
    myself.ip = localIp;
    log.warning(`IP address for this node updated to ${localIp}`);
    state.doBeforeSleep(DUE.save);
  }
  if (sender === null && isMeet && frame.sender !== myself.name) {
    acceptMeet(core, link, frame);
    processGossip(core, frame, null);
  }
  sendHeartbeat(core, link, FRAME.pong);
}

function hearRole(core: Core, sender: ClusterNode, frame: Frame): void {
  const { state } = core;
  if (!frame.hasMaster) {
    setAsMaster(core, sender);
    return;
  }
  if (!sender.isReplica) {
    state.unassignAllOf(sender);
    sender.clear(NODE.master | NODE.migrateTo);
    sender.set(NODE.replica);
    state.doBeforeSleep(DUE.save | DUE.updateState);
  }
  const master = state.find(frame.master);
  if (master === null || master === sender) return;
  if (sender.master === master) {
    // Its successor has not taken us along, as it does with its claims: it was unknown to us when it made them.
    if (state.myself.master === sender) leaveReplica(core);
    return;
  }
  state.setMaster(sender, master);
  state.doBeforeSleep(DUE.save);
}

function hearSlots(core: Core, sender: ClusterNode, frame: Frame): void {
  const { slots, configEpoch } = frame;
  const master = sender.shardMaster;
  if (master === null || Buffer.compare(master.slots, slots) === 0) return;
  if (sender.isMaster) updateSlotsOf(core, sender, configEpoch, slots);
  // It may be the one whose view is old.
  const newer = newerOwner(core, sender, master, frame);
  if (newer === null) return;
  core.log.verbose(`Node ${sender.name} has old slots configuration, sending an UPDATE message about ${newer.name}`);
  if (sender.link !== null) send(core, sender.link, updateFrame(core, newer));
}

/** @returns the owner of the first slot that is claimed with an older epoch than its owner's. */
function newerOwner({ state }: Core, sender: ClusterNode, master: ClusterNode, frame: Frame): ClusterNode | null {
  const { slots, configEpoch } = frame;
  // Where it claims what it has, there is nothing to say.
  const known = sender.isMaster || master.configEpoch <= configEpoch ? master.slots : sender.slots;
  for (let at = 0; at < SLOT_BITMAP_BYTES; at++) {
    const byte = slots[at]!;
    if (byte === 0 || byte === known[at]) continue;
    for (let slot = at * 8; slot < at * 8 + 8; slot++) {
      if ((byte & (1 << (slot & 7))) === 0) continue;
      const owner = state.owners[slot]!;
      if (owner === null || owner === sender || state.isUnclaimed(slot)) continue;
      if (owner.configEpoch > configEpoch) return owner;
    }
  }
  return null;
}

function hearHostname({ state, log }: Core, sender: ClusterNode, frame: Frame): void {
  const hostname = frame.hostname((type) => log.warning(`Received unknown extension type ${type}`));
  if (sender.hostname === hostname) return;
  sender.hostname = hostname;
  state.doBeforeSleep(DUE.save);
}

function processFail(core: Core, frame: Frame, sender: ClusterNode | null): void {
  const { state, log } = core;
  if (sender === null) {
    log.notice(`Ignoring FAIL message from unknown node ${frame.senderText} about ${frame.failed}`);
    return;
  }
  const failing = state.find(frame.failed);
  if (failing === null || failing.has(NODE.fail | NODE.myself)) return;
  log.notice(`FAIL message received from ${sender.name} about ${failing.name}`);
  setFailed(core, failing);
  core.note({ kind: 'failed', node: failing.name, voices: 0, told: true });
}

function processOther(core: Core, link: RemoteLink, frame: Frame, sender: ClusterNode): void {
  switch (frame.type) {
    case FRAME.publish:
    case FRAME.publishShard:
      core.services.deliver(frame.channel, frame.message, frame.type === FRAME.publishShard);
      return;
    case FRAME.authRequest:
      voteIfPossible(core, sender, frame);
      return;
    case FRAME.authAck:
      hearVote(core, sender, frame.currentEpoch);
      return;
    case FRAME.mfStart:
      hearFailoverStart(core, sender, link);
      return;
    case FRAME.update:
      processUpdate(core, frame);
      return;
    case FRAME.module:
      return;
    default:
      core.log.warning(`Received unknown packet type: ${frame.type}`);
  }
}

/** Somebody knows of a newer owner of slots that we claim. */
function processUpdate(core: Core, frame: Frame): void {
  const { state } = core;
  const node = state.find(frame.updateId);
  const epoch = frame.updateEpoch;
  if (node === null || Number.isNaN(epoch) || node.configEpoch >= epoch) return;
  if (!node.isMyself) {
    setAsMaster(core, node);
    node.configEpoch = epoch;
    state.doBeforeSleep(DUE.save | DUE.sync);
  }
  updateSlotsOf(core, node, epoch, frame.updateSlots);
}
