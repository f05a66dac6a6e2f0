import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { configText, CorruptNodesError, nodesText, parseNodes } from '../../src/cluster/nodes-conf.ts';
import { ClusterNode, ClusterState, NODE, SLOTS } from '../../src/cluster/state.ts';

const NOW_MS = 1_700_000_000_000;
const id = (digit: string): string => digit.repeat(40);

function parse(text: string, warnings: string[] = []): ClusterState | null {
  return parseNodes(text, NOW_MS, (line) => warnings.push(line));
}

function aCluster(): ClusterState {
  const myself = new ClusterNode(id('a'), NODE.myself | NODE.master, NOW_MS);
  Object.assign(myself, { ip: '10.0.0.1', port: 6379, busPort: 16379, hostname: 'one.local', configEpoch: 3 });
  const state = new ClusterState(myself);
  const other = new ClusterNode(id('b'), NODE.master | NODE.fail, NOW_MS);
  Object.assign(other, { ip: '::1', port: 7000, busPort: 17001, configEpoch: 5, pongReceivedMs: 12 });
  state.add(other);
  const replica = new ClusterNode(id('c'), NODE.replica | NODE.noFailover, NOW_MS);
  Object.assign(replica, { ip: '10.0.0.3', port: 6379, busPort: 16379 });
  state.add(replica);
  state.setMaster(replica, other);
  for (const slot of [0, 1, 2, 7, 16383]) state.assign(slot, myself);
  for (const slot of [8, 10]) state.assign(slot, other);
  state.migratingTo.set(7, other);
  state.importingFrom.set(8, other);
  state.currentEpoch = 9;
  state.lastVoteEpoch = 4;
  return state;
}

describe('nodesText', () => {
  it('shows addresses, flags, masters, epochs and slots as redis-server does', () => {
    expect(nodesText(aCluster()).split('\n')).toEqual([
      `${id('a')} 10.0.0.1:6379@16379,one.local myself,master - 0 0 3 connected 0-2 7 16383 [7->-${id('b')}] [8-<-${id('b')}]`,
      `${id('b')} ::1:7000@17001 master,fail - 0 12 5 disconnected 8 10`,
      `${id('c')} 10.0.0.3:6379@16379 slave,nofailover ${id('b')} 0 0 5 disconnected`,
      '',
    ]);
  });

  it('says noflags of a node without any', () => {
    const state = aCluster();
    state.add(new ClusterNode(id('d'), NODE.meet | NODE.migrateTo, NOW_MS));
    expect(nodesText(state)).toContain(`${id('d')} :0@0 noflags - 0 0 0 disconnected\n`);
  });
});

describe('configText', () => {
  it('leaves out those that are still being introduced, and ends with the epochs', () => {
    const state = aCluster();
    state.add(new ClusterNode(id('e'), NODE.handshake, NOW_MS));
    const text = configText(state);
    expect(text).not.toContain(id('e'));
    expect(text).toMatch(/\nvars currentEpoch 9 lastVoteEpoch 4\n$/);
  });
});

describe('parseNodes', () => {
  it('reads what was written', () => {
    const state = parse(configText(aCluster()))!;
    expect(configText(state)).toBe(configText(aCluster()).replace(' 0 12 5 ', ` 0 ${NOW_MS} 5 `));
    expect(state.myself.name).toBe(id('a'));
    expect(state.find(id('b'))!.failedMs).toBe(NOW_MS);
    expect(state.find(id('c'))!.master).toBe(state.find(id('b')));
  });

  it('takes an empty file for none, and skips blank lines', () => {
    expect(parse('')).toBeNull();
    expect(parse(`\n\n${configText(aCluster())}\n\n\n`)!.nodes.size).toBe(3);
  });

  it('knows files without the port of the bus', () => {
    expect(parse(`${id('a')} 1.2.3.4:7000 myself,master - 0 0 1 connected\n`)!.myself.busPort).toBe(17000);
  });

  it('never begins behind an epoch that a node has', () => {
    const text = `${id('a')} :0@0 myself,master - 0 0 12 connected\nvars currentEpoch 2 lastVoteEpoch 0\n`;
    expect(parse(text)!.currentEpoch).toBe(12);
  });

  it('makes nodes that are only referred to', () => {
    const text = `${id('a')} :0@0 myself,slave ${id('b')} 0 0 3 connected\n`;
    const state = parse(text)!;
    expect(state.myself.master!.name).toBe(id('b'));
    expect(state.myself.configEpoch).toBe(0);
  });

  it('warns of variables that it does not know', () => {
    const warnings: string[] = [];
    parse(`vars futureThing 1 currentEpoch 3\n${id('a')} :0@0 myself,master - 0 0 0 connected\n`, warnings);
    expect(warnings).toEqual(["Skipping unknown cluster config variable 'futureThing'"]);
  });

  const line = `${id('a')} 1.2.3.4:7000@17000 myself,master - 0 0 1 connected`;
  it.each([
    ['nobody says that it is me', line.replace('myself,', '')],
    ['two say so', `${line}\n${line.replace(id('a'), id('b'))}`],
    ['there are too few fields', `${id('a')} 1.2.3.4:7000@17000 myself,master - 0 0 1`],
    ['an id is too short', line.replace(id('a'), 'abc')],
    ['a flag is unknown', line.replace('master', 'mistress')],
    ['a slot is too high', `${line} 0-16384`],
    ['a slot is below zero', `${line} [-1->-${id('b')}]`],
    ['an open slot leads to no node', `${line} [3->-short]`],
    ['there is no port', line.replace(':7000@17000', '')],
    ['quotes are not closed', `${line} "`],
    ['variables have no value', `${line}\nvars currentEpoch`],
    ['an address is longer than any', line.replace('1.2.3.4', '1'.repeat(60))],
    ['a number is beyond all', line.replace(' 1 connected', ' 99999999999999999999 connected')],
    ['it is garbage', '\0\u0001\u0002'],
  ])('refuses a file where %s', (_, text) => {
    expect(() => parse(`${text}\n`)).toThrow(CorruptNodesError);
  });

  it('survives any bytes', () => {
    const pieces = fc.constantFrom(
      id('a'),
      id('b'),
      ' ',
      '\n',
      'myself',
      ',',
      'master',
      '-',
      '0',
      '[5->-',
      ']',
      'vars',
      ':1@2',
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 40 }), (all) => {
        try {
          const state = parse(all.join(''));
          if (state !== null) expect(parse(configText(state))).not.toBeNull();
        } catch (error) {
          expect(error).toBeInstanceOf(CorruptNodesError);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('keeps every slot where it was, for any owners', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(SLOTS - 1), fc.nat(2)), { maxLength: 200 }), (owners) => {
        const state = aCluster();
        const nodes = [...state.nodes.values()];
        for (const [slot, node] of owners) if (state.owners[slot] === null) state.assign(slot, nodes[node]!);
        const read = parse(configText(state))!;
        expect(read.owners.map((node) => node?.name)).toEqual(state.owners.map((node) => node?.name));
      }),
      { numRuns: 20 },
    );
  });
});
