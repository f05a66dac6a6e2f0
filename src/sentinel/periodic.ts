/**
 * What an instance is asked without end: PING, to know that it lives; INFO of servers, to know what they are; and a hello
 * with what we know ourselves. Nothing more is sent where too much stays without an answer.
 */
import { ErrorReply, type ReplyValue } from '../client/reply-parser.ts';
import { commandName, ignoreReply } from './connecting.ts';
import { sendHello } from './hello.ts';
import { takeInfo } from './info-reply.ts';
import type { Machine } from './machine.ts';
import { FLAG, type Instance, type InstanceLink, PENDING_COMMANDS_MAX } from './state.ts';

/** How often INFO is asked of replicas of a master that is down or being replaced, or that have lost it. */
const URGENT_INFO_PERIOD_MS = 1000;

export function sendPeriodicCommands(machine: Machine, instance: Instance): void {
  const { link } = instance;
  const { nowMs } = machine;
  const { periods } = machine.state;
  if (link.disconnected || link.pendingCommands >= PENDING_COMMANDS_MAX * link.refcount) return;
  const infoPeriod = isUrgent(instance) ? Math.min(URGENT_INFO_PERIOD_MS, periods.infoPeriod) : periods.infoPeriod;
  if (!instance.isSentinel && (instance.infoRefresh === 0 || nowMs - instance.infoRefresh > infoPeriod)) {
    askInfo(machine, instance);
  }
  const pingPeriod = Math.min(instance.downAfterPeriod, periods.pingPeriod);
  if (nowMs - link.lastPongTime > pingPeriod && nowMs - link.lastPingTime > pingPeriod / 2) sendPing(machine, instance);
  if (nowMs - instance.lastPubTime > periods.publishPeriod) sendHello(machine, instance);
}

function isUrgent({ master, masterLinkDownTime, isReplica }: Instance): boolean {
  if (!isReplica || master === null) return false;
  return master.has(FLAG.oDown | FLAG.failoverInProgress) || masterLinkDownTime !== 0;
}

function askInfo(machine: Machine, instance: Instance): void {
  instance.link.cc?.send([commandName(instance, 'INFO')], (reply) => {
    if (Buffer.isBuffer(reply) && !instance.isReleased) takeInfo(machine, instance, reply.toString('latin1'));
  });
}

export function sendPing(machine: Machine, instance: Instance): void {
  const { link } = instance;
  if (link.cc === null) return;
  link.cc.send([commandName(instance, 'PING')], (reply) => takePong(machine, instance, link, reply));
  link.lastPingTime = machine.nowMs;
  if (link.actPingTime === 0) link.actPingTime = machine.nowMs;
}

function takePong(machine: Machine, instance: Instance, link: InstanceLink, reply: ReplyValue): void {
  const text = reply instanceof ErrorReply ? reply.message : typeof reply === 'string' ? reply : null;
  link.lastPongTime = machine.nowMs;
  if (text === null) return;
  if (text.startsWith('PONG') || text.startsWith('LOADING') || text.startsWith('MASTERDOWN')) {
    link.lastAvailTime = machine.nowMs;
    link.actPingTime = 0;
    if (text.startsWith('PONG')) instance.flags &= ~FLAG.masterReboot;
  } else if (text.startsWith('BUSY') && instance.has(FLAG.sDown) && !instance.has(FLAG.scriptKillSent)) {
    // It hangs in a script: that can be ended.
    instance.link.cc?.send([commandName(instance, 'SCRIPT'), 'KILL'], ignoreReply);
    instance.flags |= FLAG.scriptKillSent;
  }
}
