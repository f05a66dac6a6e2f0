import { beforeEach, describe, expect, it } from 'vitest';
import { decidePsync } from '../../src/replication/psync.ts';
import { NO_ID, ReplicationState } from '../../src/replication/state.ts';

const OWN = 'a'.repeat(40);
const OLD = 'b'.repeat(40);
const OTHER = 'c'.repeat(40);

let state: ReplicationState;

function ids(): { replicationId: string; changeReplicationId(): void } {
  return {
    replicationId: OWN,
    changeReplicationId() {
      this.replicationId = 'd'.repeat(40);
    },
  };
}

function decide(id: string, offset: number): string {
  const decision = decidePsync(state, id, offset, 'replica:1');
  return decision.kind === 'continue' ? 'continue' : [decision.log, decision.warning ?? ''].join('|');
}

describe('what a master answers to PSYNC', () => {
  beforeEach(() => {
    state = new ReplicationState(ids(), () => 1024 * 1024);
    state.buffer.restart(100);
    state.createBacklog();
    state.buffer.append(Buffer.from('0123456789'));
  });

  it('goes on from any byte that is here, and from the one that comes next', () => {
    expect([101, 105, 110, 111].map((offset) => decide(OWN, offset))).toEqual(Array(4).fill('continue'));
  });

  it('compares ids without regard to case', () => {
    expect(decide(OWN.toUpperCase(), 101)).toBe('continue');
  });

  it('needs the whole dataset to be sent for a byte that is gone or was never there', () => {
    expect(decide(OWN, 100)).toBe(
      'Unable to partial resync with replica replica:1 for lack of backlog (Replica request was: 100).|',
    );
    expect(decide(OWN, 112)).toBe(
      'Unable to partial resync with replica replica:1 for lack of backlog (Replica request was: 112).|' +
        'Warning: replica replica:1 tried to PSYNC with an offset that is greater than the master replication offset.',
    );
  });

  it('needs it without a backlog', () => {
    state.freeBacklog();
    expect(decide(OWN, 111)).toMatch(/^Unable to partial resync/);
  });

  it('says what is wrong with another id', () => {
    expect(decide('?', -1)).toBe('Full resync requested by replica replica:1|');
    expect(decide(OTHER, 105)).toBe(
      `Partial resynchronization not accepted: Replication ID mismatch (Replica asked for '${OTHER}', ` +
        `my replication IDs are '${OWN}' and '${NO_ID}')|`,
    );
  });

  it('goes on from the second id up to where the histories part', () => {
    state.secondId = OLD;
    state.secondOffset = 105;
    expect(decide(OLD, 105)).toBe('continue');
    expect(decide(OLD, 106)).toBe(
      'Partial resynchronization not accepted: Requested offset for second ID was 106, but I can reply up to 105|',
    );
  });
});

describe('the history of a dataset', () => {
  beforeEach(() => {
    state = new ReplicationState(ids(), () => 1024 * 1024);
  });

  it('goes on under a new id after a promotion, and is remembered under the old one', () => {
    state.createBacklog();
    state.buffer.append(Buffer.alloc(387));
    state.shiftId();
    expect([state.id, state.secondId, state.secondOffset]).toEqual(['d'.repeat(40), OWN, 388]);
  });

  it('is that of the master after a full synchronisation', () => {
    state.secondId = OLD;
    state.moveTo(OTHER, 5000);
    expect([state.id, state.secondId, state.secondOffset, state.offset, state.hasBacklog]).toEqual([
      OTHER,
      NO_ID,
      -1,
      5000,
      true,
    ]);
    expect(state.buffer.firstOffset).toBe(5001);
  });
});
