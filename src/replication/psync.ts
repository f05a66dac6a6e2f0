/**
 * What a master answers to PSYNC: whether a replica may go on from where it stopped (replication.c
 * masterTryPartialResynchronization). No I/O, no change.
 */
import type { ReplicationState } from './state.ts';

export type PsyncDecision =
  | { readonly kind: 'continue' }
  /** @param log why, at level notice; `warning` comes behind it. */
  | { readonly kind: 'full'; readonly log: string; readonly warning: string | null };

/** @param id that the replica has. @param offset of the first byte that it lacks. @param replica as the log names it. */
export function decidePsync(state: ReplicationState, id: string, offset: number, replica: string): PsyncDecision {
  if (!state.shares(id, offset)) return { kind: 'full', log: whyNotShared(state, id, offset, replica), warning: null };
  if (state.hasBacklog && state.buffer.reaches(offset)) return { kind: 'continue' };
  return {
    kind: 'full',
    log: `Unable to partial resync with replica ${replica} for lack of backlog (Replica request was: ${offset}).`,
    warning:
      offset > state.offset
        ? `Warning: replica ${replica} tried to PSYNC with an offset that is greater than the master replication offset.`
        : null,
  };
}

function whyNotShared(state: ReplicationState, id: string, offset: number, replica: string): string {
  if (id.startsWith('?')) return `Full resync requested by replica ${replica}`;
  const reason =
    id.toLowerCase() === state.secondId
      ? `Requested offset for second ID was ${offset}, but I can reply up to ${state.secondOffset}`
      : `Replication ID mismatch (Replica asked for '${id}', my replication IDs are '${state.id}' and '${state.secondId}')`;
  return `Partial resynchronization not accepted: ${reason}`;
}
