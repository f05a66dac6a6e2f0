/**
 * Nodes as lines of text: what CLUSTER NODES replies, and what nodes.conf keeps.
 *
 *   <id> <ip>:<port>@<bus port>[,<hostname>] <flags> <master|-> <ping sent> <pong received> <epoch> <link> [slots...]
 *
 * The file has in addition a line of variables, and leaves out nodes that are still being introduced. Slots stand as
 * ranges; behind the slots of this node itself stand those that are being moved, `[slot->-target]` and `[slot-<-source]`.
 *
 * Reading is strict where redis-server is, and where that would stop or read on in foreign memory: a file that cannot be
 * understood is none that a node may start from, since it would come back as somebody else.
 */
import { splitArguments } from '../core/split-args.ts';
import { ClusterNode, ClusterState, NODE, type SlotRange, SLOTS } from './state.ts';

/** In the order in which they are shown. */
const FLAG_NAMES: readonly (readonly [flag: number, name: string])[] = [
  [NODE.myself, 'myself'],
  [NODE.master, 'master'],
  [NODE.replica, 'slave'],
  [NODE.pfail, 'fail?'],
  [NODE.fail, 'fail'],
  [NODE.handshake, 'handshake'],
  [NODE.noAddress, 'noaddr'],
  [NODE.noFailover, 'nofailover'],
];

const BUS_PORT_DISTANCE = 10000;
const FIELDS = 8;
/** What a frame of the bus has room for. */
const IP_BYTES_MAX = 45;

// ------------------------------------------------------------------------------------------------------------ writing

/** All ranges of slots that have an owner, in ascending order. */
export function* ownedRanges({ owners }: ClusterState): Generator<readonly [ClusterNode, SlotRange]> {
  for (let first = 0; first < SLOTS;) {
    const owner = owners[first]!;
    let end = first + 1;
    while (end < SLOTS && owners[end] === owner) end++;
    if (owner !== null) yield [owner, [first, end - 1]];
    first = end;
  }
}

/** One line, without its end. */
export function nodeLine(state: ClusterState, node: ClusterNode): string {
  const name = node.hostname === '' ? '' : `,${node.hostname}`;
  const link = node.link !== null || node.isMyself ? 'connected' : 'disconnected';
  const fields = [
    node.name,
    `${node.ip}:${node.port}@${node.busPort}${name}`,
    flagNames(node.flags),
    node.master?.name ?? '-',
    node.pingSentMs,
    node.pongReceivedMs,
    node.shownConfigEpoch,
    link,
    ...node.ranges.map(([first, last]) => (first === last ? first : `${first}-${last}`)),
  ];
  return [...fields, ...(node.isMyself ? openSlots(state) : [])].join(' ');
}

function flagNames(flags: number): string {
  const names = FLAG_NAMES.filter(([flag]) => (flags & flag) !== 0).map(([, name]) => name);
  return names.length === 0 ? 'noflags' : names.join(',');
}

function openSlots({ migratingTo, importingFrom }: ClusterState): string[] {
  const slots = new Set([...migratingTo.keys(), ...importingFrom.keys()]);
  return [...slots]
    .sort((a, b) => a - b)
    .map((slot) => {
      const target = migratingTo.get(slot);
      return target === undefined ? `[${slot}-<-${importingFrom.get(slot)!.name}]` : `[${slot}->-${target.name}]`;
    });
}

/** A line for each node but those with one of the flags. */
export function nodesText(state: ClusterState, without = 0): string {
  let text = '';
  for (const node of state.nodes.values()) {
    if (!node.has(without)) text += `${nodeLine(state, node)}\n`;
  }
  return text;
}

/** The content of nodes.conf. */
export function configText(state: ClusterState): string {
  const { currentEpoch, lastVoteEpoch } = state;
  return `${nodesText(state, NODE.handshake)}vars currentEpoch ${currentEpoch} lastVoteEpoch ${lastVoteEpoch}\n`;
}

// ------------------------------------------------------------------------------------------------------------ reading

/** The file is not what a node has written. */
export class CorruptNodesError extends Error {
  constructor() {
    super('Unrecoverable error: corrupted cluster config file.');
    this.name = 'CorruptNodesError';
  }
}

function corrupt(): never {
  throw new CorruptNodesError();
}

/**
 * What a file says, or null if it says nothing: it is empty.
 * @param warn told of variables that are not known.
 * @throws CorruptNodesError
 */
export function parseNodes(text: string, nowMs: number, warn: (line: string) => void): ClusterState | null {
  if (text === '') return null;
  const lines: string[][] = [];
  const variables: string[][] = [];
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const fields = splitArguments(line);
    if (fields === null || fields.length === 0) return corrupt();
    (fields[0]!.toLowerCase() === 'vars' ? variables : lines).push(fields);
  }
  const state = new NodesReader(lines, nowMs).state;
  for (const fields of variables) readVariables(state, fields, warn);
  state.currentEpoch = state.maxEpoch;
  return state;
}

function readVariables(state: ClusterState, fields: readonly string[], warn: (line: string) => void): void {
  if (fields.length % 2 === 0) corrupt();
  for (let i = 1; i < fields.length; i += 2) {
    const name = fields[i]!.toLowerCase();
    if (name === 'currentepoch') state.currentEpoch = leadingInteger(fields[i + 1]!);
    else if (name === 'lastvoteepoch') state.lastVoteEpoch = leadingInteger(fields[i + 1]!);
    else warn(`Skipping unknown cluster config variable '${fields[i]}'`);
  }
}

class NodesReader {
  readonly state: ClusterState;
  readonly #nowMs: number;

  constructor(lines: readonly (readonly string[])[], nowMs: number) {
    this.#nowMs = nowMs;
    const own = lines.filter((fields) => (fields[2] ?? '').toLowerCase().split(',').includes('myself'));
    // Lines may repeat a node, but who I am must be clear.
    if (own.length !== 1) corrupt();
    this.state = new ClusterState(new ClusterNode(checkedId(own[0]![0]!), 0, nowMs));
    for (const fields of lines) this.#readNode(fields);
  }

  #node(id: string): ClusterNode {
    const name = checkedId(id);
    const known = this.state.find(name);
    if (known !== null) return known;
    const node = new ClusterNode(name, 0, this.#nowMs);
    this.state.add(node);
    return node;
  }

  #readNode(fields: readonly string[]): void {
    if (fields.length < FIELDS) corrupt();
    const [id, address, flags, master, pingSent, pongReceived, epoch] = fields as [
      string,
      string,
      string,
      string,
      ...string[],
    ];
    const node = this.#node(id);
    readAddress(node, address);
    this.#readFlags(node, flags);
    if (!master.startsWith('-')) this.state.setMaster(node, this.#node(master));
    if (leadingInteger(pingSent!) !== 0) node.pingSentMs = this.#nowMs;
    if (leadingInteger(pongReceived!) !== 0) node.pongReceivedMs = this.#nowMs;
    node.configEpoch = node.isReplica && node.master !== null ? 0 : leadingInteger(epoch!);
    for (const slots of fields.slice(FIELDS)) this.#readSlots(node, slots);
  }

  #readFlags(node: ClusterNode, names: string): void {
    for (const name of names.toLowerCase().split(',')) {
      const known = FLAG_NAMES.find(([, other]) => other === name);
      if (known !== undefined) node.set(known[0]);
      else if (name !== 'noflags') corrupt();
    }
    if (node.isFailing) node.failedMs = this.#nowMs;
  }

  #readSlots(node: ClusterNode, text: string): void {
    if (text.startsWith('[')) {
      this.#readOpenSlot(text);
      return;
    }
    const [first, last = first] = text.split('-', 2) as [string, string?];
    const start = checkedSlot(first);
    const stop = checkedSlot(last!);
    const { state } = this;
    // A slot that two nodes claim stays with the first.
    for (let slot = start; slot <= stop; slot++) if (state.owners[slot] === null) state.assign(slot, node);
  }

  /** "[slot->-target]" or "[slot-<-source]". */
  #readOpenSlot(text: string): void {
    const match = /^\[(\d+)-([<>])-(\w+)\]/.exec(text);
    if (match === null) return corrupt();
    const [, slot, direction, id] = match as unknown as [string, string, string, string];
    const { migratingTo, importingFrom } = this.state;
    (direction === '>' ? migratingTo : importingFrom).set(checkedSlot(slot), this.#node(id));
  }
}

/** "ip:port[@bus port][,hostname]"; an IPv6 address has colons of its own. */
function readAddress(node: ClusterNode, text: string): void {
  const comma = text.indexOf(',');
  const address = comma < 0 ? text : text.slice(0, comma);
  node.hostname = comma < 0 ? '' : text.slice(comma + 1);
  const colon = address.lastIndexOf(':');
  if (colon < 0) corrupt();
  const [port, busPort] = address.slice(colon + 1).split('@', 2) as [string, string?];
  node.ip = colon > IP_BYTES_MAX ? corrupt() : address.slice(0, colon);
  node.port = leadingInteger(port);
  node.busPort = busPort === undefined ? node.port + BUS_PORT_DISTANCE : leadingInteger(busPort);
}

function checkedId(id: string): string {
  return /^[a-z0-9]{40}$/.test(id) ? id : corrupt();
}

function checkedSlot(text: string): number {
  const slot = leadingInteger(text);
  return slot < SLOTS ? slot : corrupt();
}

/** As C's atoi and strtoull read it, negative numbers left out: nothing here is below zero. */
function leadingInteger(text: string): number {
  const value = Number.parseInt(text, 10);
  if (Number.isNaN(value)) return 0;
  return value >= 0 && Number.isSafeInteger(value) ? value : corrupt();
}
