/** What Redis promises of replication. The oracle finds most of it out (oracle/witness.ts). */
import type { MakeChecker } from '../checker.ts';
import { Witness } from '../oracle/witness.ts';
import type { Run } from '../run.ts';
import { type Fail, group, type Judge } from './group.ts';

export const REPLICATION_PROMISES = {
  R1: 'A replica at an offset of a history has executed exactly the bytes up to there (replication.md).',
  R2: 'A replica is never ahead of its master, and acknowledges only what it has executed (replicationSendAck).',
  R3: 'The backlog has the bytes of the stream, and the offset is its end (feedReplicationBuffer).',
  R4: 'Whoever may go on by a partial resynchronisation has what the master had there (masterTryPartialResynchronization).',
  R5: 'A promoted replica begins a history of its own at its place, and remembers the old one up to there (shiftReplicationId).',
  R6: 'After a full synchronisation the dataset is that of the place which the master named (rdbSaveInfo).',
  R7: 'Somebody who executes the stream command by command comes to the same dataset.',
} as const;

const READY = 'Ready to accept connections';

/** Makers for one run. @param share gets the oracle, as ground for others. */
export function replicationCheckers(share: (witness: Witness) => void = () => {}): MakeChecker[] {
  return group(REPLICATION_PROMISES, (run: Run, fail: Fail): Judge => {
    const witness = new Witness(run, fail);
    share(witness);
    return {
      onBoot: (node) => witness.boot(node),
      onEntry: (entry) => {
        if (entry.kind === 'log' && entry.line.endsWith(READY)) witness.ready(entry.node);
        if (entry.kind !== 'process') return;
        if (entry.state === 'killed' || entry.state === 'lost-power') {
          witness.died(entry.node, entry.state === 'lost-power');
        } else if (entry.state === 'paused') witness.paused(entry.node);
        else if (entry.state === 'resumed') witness.resumed(entry.node);
      },
      atEnd: () => witness.judgeAll(),
    };
  });
}
