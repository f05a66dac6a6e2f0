import { beforeEach, describe, expect, it } from 'vitest';
import { NodesFile } from '../../src/cluster/nodes-file.ts';
import { ClusterNode, ClusterState, NODE } from '../../src/cluster/state.ts';
import { type Disk, DiskError } from '../../src/host/host.ts';
import { MemoryDisk } from '../../src/host/memory-disk.ts';
import type { Server } from '../../src/server/server.ts';

const NOW_MS = 1_700_000_000_000;
const ID = 'a'.repeat(40);

let disk: Disk;
let file: NodesFile;
let state: ClusterState;
let warnings: string[];

beforeEach(() => {
  disk = new MemoryDisk((run) => run());
  disk.makeDirectory('/data');
  warnings = [];
  const config = { path: (name: string) => `/data/${name}`, values: { 'cluster-config-file': 'nodes.conf' } };
  const log = { warning: (line: string) => warnings.push(line) };
  const server = { config, log, persistence: { disk }, host: { system: { pid: 7 } } };
  file = new NodesFile(server as unknown as Server);
  state = new ClusterState(new ClusterNode(ID, NODE.myself | NODE.master, NOW_MS));
});

function save(epoch: number, isDurable: boolean): void {
  state.currentEpoch = epoch;
  expect(file.save(state, isDurable)).toBeNull();
}

const names = (): string[] => disk.list('/data').sort();
const loadedEpoch = (): number | undefined => file.load(NOW_MS)?.currentEpoch;

function spoil(name: string, text: string): void {
  const handle = disk.open(`/data/${name}`, 'create');
  handle.appendNow(Buffer.from(text));
  handle.close();
}

describe('NodesFile', () => {
  it('has nothing to say where there is no file, or an empty one', () => {
    expect(file.load(NOW_MS)).toBeNull();
    spoil('nodes.conf', '');
    expect(file.load(NOW_MS)).toBeNull();
  });

  it('brings back what was saved, durably or not', () => {
    save(3, true);
    expect(loadedEpoch()).toBe(3);
    save(4, false);
    expect(loadedEpoch()).toBe(4);
    save(5, false);
    expect(loadedEpoch()).toBe(5);
    save(6, true);
    expect(loadedEpoch()).toBe(6);
  });

  it('keeps the last durable one while there is a later one, and no longer', () => {
    save(3, true);
    save(4, false);
    save(5, false);
    expect(names()).toEqual(['nodes.conf', 'nodes.conf.synced']);
    file.finish(state);
    expect(names()).toEqual(['nodes.conf']);
    expect(loadedEpoch()).toBe(5);
  });

  it.each([
    ['is empty', ''],
    ['has lost its end', `${ID} :0@0 myself,master - 0 0 0 connected\n`],
    ['has zeros in its place', '\0\0\0\0\0\0'],
    ['is cut within its last line', `${ID} :0@0 myself,master - 0 0 0 connected\nvars currentEpoch 4 lastVo`],
  ])('goes back to the last durable one if the later one %s', (_, text) => {
    save(3, true);
    save(4, false);
    spoil('nodes.conf', text);
    expect(loadedEpoch()).toBe(3);
    expect(warnings).toEqual(['nodes.conf is not complete, going back to the last synced one']);
  });

  it('goes back to it also if there is none with the name', () => {
    save(3, true);
    save(4, false);
    disk.unlink('/data/nodes.conf');
    expect(loadedEpoch()).toBe(3);
  });

  it('does not replace the durable one while it lives on it', () => {
    save(3, true);
    save(4, false);
    spoil('nodes.conf', '');
    expect(loadedEpoch()).toBe(3);
    save(5, false);
    spoil('nodes.conf', '');
    expect(loadedEpoch()).toBe(3);
  });

  it('says what is wrong with a file that cannot be understood, and with a disk that fails', () => {
    spoil('nodes.conf', 'garbage\n');
    expect(() => file.load(NOW_MS)).toThrow('Unrecoverable error: corrupted cluster config file.');
    const fail = (): never => {
      throw new DiskError('EIO', 'Input/output error');
    };
    Object.assign(disk, { read: fail, open: fail });
    expect(() => file.load(NOW_MS)).toThrow('Loading the cluster node config from nodes.conf: Input/output error');
    expect(file.save(state, true)).toBe('Input/output error');
    expect(file.save(state, false)).toBe('Input/output error');
  });
});
