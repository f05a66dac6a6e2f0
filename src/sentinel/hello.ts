/**
 * Hellos: how sentinels find each other, and how what one of them knows reaches the others. Each publishes, on a channel
 * of every server that it watches, who it is, and where it believes each master to be, under which epoch:
 *
 *   ip,port,id,current-epoch,master-name,master-ip,master-port,config-epoch
 *
 * Sentinels that know each other send it straight, too. The higher config epoch is right: it belongs to the later
 * failover.
 */
import { ErrorReply, type ReplyValue } from '../client/reply-parser.ts';
import { announcedHost, createAddress, isHost, isHostOf, whenResolved } from './addresses.ts';
import { commandName, moveSentinelEverywhere, shareLink } from './connecting.ts';
import { announce, announceText, callReconfigScript, place } from './events.ts';
import {
  createInstance,
  currentMasterAddress,
  findByAddress,
  findSentinel,
  removeSentinel,
  switchMaster,
} from './instances.ts';
import type { Machine } from './machine.ts';
import { parseEpoch, parsePort } from './numbers.ts';
import { HELLO_CHANNEL, Instance } from './state.ts';

const TOKENS = 8;
const ID = /^[!-~]{1,64}$/;

interface Hello {
  readonly ip: string;
  readonly port: number;
  readonly runid: string;
  readonly currentEpoch: bigint;
  readonly masterName: string;
  readonly masterHost: string;
  readonly masterPort: number;
  readonly configEpoch: bigint;
}

// --------------------------------------------------------------------------------------------------------------- to them

export function sendHello(machine: Machine, instance: Instance): void {
  const { state, settings } = machine;
  const master = instance.isMaster ? instance : instance.master;
  const connection = instance.link.cc;
  if (master === null || connection === null) return;
  const ip = state.announceIp ?? connection.localIp;
  if (ip === null) return;
  const address = currentMasterAddress(master);
  const about = [master.name, announcedHost(state, address), address.port, master.configEpoch];
  const hello = [ip, state.announcePort || settings.port, state.myid, state.currentEpoch, ...about].join(',');
  connection.send([commandName(instance, 'PUBLISH'), HELLO_CHANNEL, hello], (reply) => {
    if (!(reply instanceof ErrorReply)) instance.lastPubTime = machine.nowMs;
  });
}

/** Lets everybody around a master hear from us with the next tick. */
export function forceHellos(machine: Machine, master: Instance): void {
  const back = machine.state.periods.publishPeriod + 1;
  for (const instance of [master, ...master.sentinels.values(), ...master.replicas.values()]) {
    if (instance.lastPubTime >= back) instance.lastPubTime -= back;
  }
}

// ------------------------------------------------------------------------------------------------------------- from them

/** A message on the connection that is subscribed to hellos. */
export function receiveHello(machine: Machine, instance: Instance, message: ReplyValue): void {
  instance.link.pcLastActivity = machine.nowMs;
  if (!Array.isArray(message) || message.length !== 3) return;
  const [kind, , hello] = message;
  if (!Buffer.isBuffer(kind) || kind.toString('latin1') !== 'message' || !Buffer.isBuffer(hello)) return;
  const text = hello.toString('latin1');
  // Our own hellos come back, too.
  if (!text.includes(machine.state.myid)) processHello(machine, text);
}

export function processHello(machine: Machine, text: string): void {
  const tokens = text.split(',');
  const hello = tokens.length === TOKENS ? parseHello(tokens) : null;
  if (hello === null) return;
  const { state } = machine;
  if (!state.masters.has(hello.masterName)) return;
  whenResolved(machine, hello.ip, () => {
    whenResolved(machine, hello.masterHost, () => {
      const master = state.masters.get(hello.masterName);
      if (master !== undefined) takeHello(machine, master, hello);
    });
  });
}

/** @returns null if an id or a host is such that it could not stand in a line of the configuration. */
function parseHello(tokens: readonly string[]): Hello | null {
  if (!ID.test(tokens[2]!) || !isHost(tokens[0]!) || !isHost(tokens[5]!)) return null;
  return {
    ip: tokens[0]!,
    port: parsePort(tokens[1]!),
    runid: tokens[2]!,
    currentEpoch: parseEpoch(tokens[3]!),
    masterName: tokens[4]!,
    masterHost: tokens[5]!,
    masterPort: parsePort(tokens[6]!),
    configEpoch: parseEpoch(tokens[7]!),
  };
}

function takeHello(machine: Machine, master: Instance, hello: Hello): void {
  const { state } = machine;
  const sentinel = findSentinel(machine, master, hello.runid, hello.ip, hello.port) ?? meet(machine, master, hello);
  if (hello.currentEpoch > state.currentEpoch) {
    state.currentEpoch = hello.currentEpoch;
    machine.save();
    announceText(machine, '+new-epoch', master, String(state.currentEpoch));
  }
  if (sentinel === null) return;
  if (master.configEpoch < hello.configEpoch) takeConfiguration(machine, master, sentinel, hello);
  sentinel.lastHelloTime = machine.nowMs;
}

/** Somebody new, or somebody known at a new address. */
function meet(machine: Machine, master: Instance, hello: Hello): Instance | null {
  const { ip, port, runid } = hello;
  const moved = removeSentinel(master, runid);
  if (moved) announce(machine, '+sentinel-address-switch', master, `ip ${ip} port ${port} for ${runid}`);
  else removeNamesake(machine, master, hello);
  const sentinel = createInstance(machine, { kind: 'sentinel', name: runid, host: ip, port, master });
  if (!(sentinel instanceof Instance)) return null;
  if (!moved) announce(machine, '+sentinel', sentinel);
  sentinel.runid = runid;
  shareLink(machine, sentinel);
  if (moved) moveSentinelEverywhere(machine, sentinel);
  machine.save();
  return sentinel;
}

/** Who was at this address until now is gone. */
function removeNamesake(machine: Machine, master: Instance, { ip, port }: Hello): void {
  const other = findByAddress(machine, master.sentinels.values(), ip, port);
  if (other === null) return;
  announce(machine, '+sentinel-invalid-addr', other);
  const { runid } = other;
  if (runid === null) return;
  for (const each of machine.state.masters.values()) removeSentinel(each, runid);
}

/** The master has been failed over since we last heard. */
function takeConfiguration(machine: Machine, master: Instance, sentinel: Instance, hello: Hello): void {
  const { masterHost, masterPort } = hello;
  const old = currentMasterAddress(master);
  const address = masterPort > 0 ? createAddress(machine, masterHost, masterPort, false) : null;
  // An epoch without its address would keep us from learning that address later.
  if (address === null) return;
  master.configEpoch = hello.configEpoch;
  machine.save();
  // Also if it is where it was before a failover of ours that is not over: then somebody came later and brought it back.
  if (masterPort === old.port && isHostOf(machine, old, masterHost) && old === master.addr) return;
  announce(machine, '+config-update-from', sentinel);
  const from = `${master.name} ${place(machine.state, old)}`;
  announceText(machine, '+switch-master', master, `${from} ${masterHost} ${masterPort}`);
  switchMaster(machine, master, address);
  callReconfigScript(machine, master, 'observer', old, master.addr);
}
