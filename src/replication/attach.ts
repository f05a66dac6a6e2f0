/**
 * Gives a server its replication. To be called once, before the server starts.
 *
 * A server that starts from its own snapshot goes on where it stopped, if the file says where that was: a replica asks its
 * master for the rest; a master begins another history, and lets replicas follow that have the old one up to there. Keys
 * that a master leaves out because their time has passed are deleted on these replicas too.
 */
import { Arguments } from '../core/arguments.ts';
import type { ReplicationPosition } from '../server/hooks.ts';
import type { ReplicationFiles } from '../server/persistence/persistence.ts';
import type { Server } from '../server/server.ts';
import { MasterLink } from './replica-link.ts';
import { Replication } from './replication.ts';

export function attachReplication(server: Server): Replication {
  let link: MasterLink | null = null;
  const replication = new Replication(server, (made) => (link = new MasterLink(made)));
  server.persistence.replication = new StartFromFile(replication, link!);
  return replication;
}

class StartFromFile implements ReplicationFiles {
  readonly #replication: Replication;
  readonly #link: MasterLink;

  constructor(replication: Replication, link: MasterLink) {
    this.#replication = replication;
    this.#link = link;
  }

  loading(): void {
    if (!this.#replication.isReplica) this.#replication.state.createBacklog();
  }

  droppedAtStart(database: number, key: Uint8Array): void {
    const { feed, server } = this.#replication;
    const command = server.config.values['lazyfree-lazy-expire'] ? 'UNLINK' : 'DEL';
    feed.feed(database, Arguments.from([command, key]));
  }

  loaded(position: ReplicationPosition | null): void {
    const { state } = this.#replication;
    if (state.isReplica) {
      if (position === null) return;
      state.id = position.id;
      state.buffer.restart(position.offset);
      this.#link.startFrom(position, position.database);
    } else if (position === null) state.freeBacklog();
    else {
      state.secondId = position.id;
      state.secondOffset = position.offset + 1;
      state.buffer.rebase(position.offset);
    }
    this.#replication.update();
  }
}
