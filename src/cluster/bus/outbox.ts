/**
 * Frames that wait for the end of the turn. What a frame says may depend on what was decided in this turn, and that must be
 * on disk before anybody hears of it: a vote above all. So frames are collected here, the state is saved, and then they
 * leave.
 *
 * A link that is closed meanwhile takes its frames with it.
 */
import type { MessageStatistics, NodeLink } from '../state.ts';
import { AT } from './layout.ts';

/** Something frames can be written to. */
export interface WritableLink extends NodeLink {
  write(frame: Buffer): void;
}

interface Entry {
  readonly link: WritableLink;
  readonly frame: Buffer;
}

export class Outbox {
  #entries: Entry[] = [];

  /** @param frame is not changed any more; several links may get the same one. */
  add(link: NodeLink, frame: Buffer, statistics: MessageStatistics): void {
    this.#entries.push({ link: link as WritableLink, frame });
    const type = frame.readUInt16BE(AT.type);
    if (type < statistics.sent.length) statistics.sent[type]!++;
  }

  get isEmpty(): boolean {
    return this.#entries.length === 0;
  }

  flush(): void {
    const entries = this.#entries;
    if (entries.length === 0) return;
    this.#entries = [];
    for (const { link, frame } of entries) link.write(frame);
  }
}
