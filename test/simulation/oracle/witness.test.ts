import { describe, expect, it } from 'vitest';
import { encodeCommand } from '../../../src/client/encode-command.ts';
import { ReplicationState } from '../../../src/replication/state.ts';
import { Counts } from '../../../src/simulation/checker.ts';
import { acknowledgementCheckers } from '../../../src/simulation/checkers/acknowledged.ts';
import type { HistoryEntry, OpPhase, Reply } from '../../../src/simulation/history.ts';
import { Ground } from '../../../src/simulation/oracle/ground.ts';
import { Witness } from '../../../src/simulation/oracle/witness.ts';
import type { Run } from '../../../src/simulation/run.ts';

/** Servers that are nothing but a history and a stream, and a run around them. */
class Stage {
  nowMs = 0;
  readonly problems: string[] = [];
  readonly exemptions = new Counts();
  readonly states = new Map<string, ReplicationState>();
  readonly witness: Witness;
  readonly run: Run;
  #ids = 0;

  constructor(...names: string[]) {
    const replications = new Map<string, object>();
    for (const name of names) {
      const ids = {
        replicationId: this.#newId(),
        changeReplicationId: () => void (ids.replicationId = this.#newId()),
      };
      const state = new ReplicationState(ids, () => 1 << 20);
      this.states.set(name, state);
      const server = {
        hooks: { changeSinks: [] },
        persistence: { loading: { isActive: false } },
        keyspace: { databases: [] },
      };
      replications.set(name, {
        state,
        server,
        links: [],
        get isReplica(): boolean {
          return state.isReplica;
        },
      });
    }
    const now = (): number => this.nowMs;
    this.run = {
      schedule: { knobs: { minReplicas: 0 }, steps: [] },
      world: {
        get nowMs(): number {
          return now();
        },
      },
      topology: { serverNames: names, replication: (name: string) => replications.get(name) ?? null },
      exemptions: this.exemptions,
      coverage: new Counts(),
      lost: [],
      fail: (checker: string, text: string) => void this.problems.push(`${checker}: ${text}`),
    } as unknown as Run;
    this.witness = new Witness(this.run, (checker, text) => this.run.fail(checker, text));
    for (const name of names) this.witness.boot(name);
  }

  #newId(): string {
    return String(++this.#ids).repeat(40).slice(0, 40);
  }

  state(name: string): ReplicationState {
    return this.states.get(name)!;
  }

  /** The first replica comes. */
  keep(name: string): void {
    this.state(name).beginHistory();
    this.state(name).createBacklog();
  }

  follow(name: string, master: string, offset = this.state(master).offset): void {
    this.state(name).master = { host: master, port: 6379 };
    this.state(name).moveTo(this.state(master).id, offset);
  }

  write(name: string, bytes: Buffer | string): void {
    this.nowMs++;
    this.state(name).buffer.append(Buffer.from(bytes));
  }

  promote(name: string): void {
    this.nowMs++;
    this.state(name).master = null;
    this.state(name).shiftId();
  }
}

/** A master and two replicas that have ten bytes; one of them has five of these and is promoted. */
function forked(): Stage {
  const stage = new Stage('a', 'b', 'c');
  stage.keep('a');
  stage.follow('b', 'a');
  stage.follow('c', 'a');
  stage.write('a', '0123456789');
  stage.write('b', '01234');
  stage.write('c', '0123456789');
  stage.promote('b');
  return stage;
}

describe('the oracle', () => {
  it('finds nothing wrong with a replica that goes on from before the fork', () => {
    const stage = new Stage('a', 'b', 'c');
    stage.keep('a');
    stage.follow('b', 'a');
    stage.follow('c', 'a');
    stage.write('a', '0123456789');
    stage.write('b', '01234567');
    stage.write('c', '012');
    stage.promote('b');
    stage.write('b', 'xyz');
    stage.state('c').continueAs(stage.state('b').id, stage.state('a').id);
    // The new master tells the rest of the old history, and then its own, in one piece.
    stage.write('c', '34567xy');
    stage.write('c', 'z');
    expect(stage.problems).toEqual([]);
    expect(stage.witness.lineage.isSame(stage.witness.of('c')!.place!, stage.witness.of('b')!.place!)).toBe(true);
    expect(stage.exemptions.size).toBe(0);
  });

  it('finds a replica that may go on from a place that its new master never was at (R4)', () => {
    const stage = forked();
    stage.state('c').continueAs(stage.state('b').id, stage.state('a').id);
    expect(stage.problems.join()).toMatch(
      /^R4: c stands at .*:10 and was let go on at .*:10, which is another dataset/,
    );
  });

  it('finds bytes that are told twice, left out or changed', () => {
    for (const [bytes, checker] of [
      ['345', 'R1'],
      ['6', 'R1'],
      ['56789+', 'R2'],
    ] as const) {
      const stage = forked();
      stage.follow('c', 'a', 5);
      stage.write('c', bytes);
      expect(stage.problems.map((text) => text.slice(0, 2))).toEqual([checker]);
    }
  });

  it('finds a write that was acknowledged by whoever was promoted without it (R9)', () => {
    const stage = new Stage('a', 'b');
    stage.keep('a');
    stage.follow('b', 'a');
    const ground = new Ground();
    ground.witness = stage.witness;
    const [judge] = acknowledgementCheckers(ground).map((make) => make(stage.run));
    const tell = (id: number, words: string[], phase: OpPhase, reply: Reply): void => {
      const base = { node: 'client0', seq: 0, kind: 'op' as const, id, words, at: 'a', reply };
      judge!.onEntry!({ ...base, t: stage.nowMs, phase: 'invoke' } as HistoryEntry);
      judge!.onEntry!({ ...base, t: stage.nowMs + 5, phase } as HistoryEntry);
    };
    stage.nowMs = 100;
    const write = encodeCommand(['SET', 'r:1', 'v1']);
    const first = encodeCommand(['SET', 'r:1', 'v0']);
    for (const name of ['a', 'b']) stage.write(name, first);
    for (const name of ['a', 'b']) stage.write(name, write);
    tell(1, ['SET', 'r:1', 'v1'], 'ok', 'OK');
    tell(2, ['WAIT', '1', '0'], 'ok', 1);
    stage.nowMs = 200;
    // It forgets the write, and nobody notices.
    const b = stage.witness.of('b')!;
    b.place = { ...b.place!, offset: first.length };
    stage.state('b').buffer.restart(first.length);
    stage.promote('b');
    stage.follow('a', 'b');
    judge!.atEnd!();
    // The stage's servers have no data at all, of which R6 speaks.
    const found = stage.problems.filter((text) => !text.startsWith('R6'));
    expect(found).toEqual(['R9: SET r:1 v1 was acknowledged by b, which was promoted and does not have it']);
  });
});
