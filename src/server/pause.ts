/** CLIENT PAUSE: holds back commands for a time. */
import { FLAG, type Command } from './command-table.ts';
import type { Session } from './session.ts';

export class Pause {
  untilMs = 0;
  writesOnly = false;

  /** Whether the command has to wait. */
  holds(_session: Session, command: Command): boolean {
    if (command.has(FLAG.allow_busy)) return false;
    return !this.writesOnly || command.has(FLAG.write | FLAG.may_replicate);
  }
}
