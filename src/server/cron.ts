/**
 * What happens `hz` times per second without anybody asking (server.c serverCron, databasesCron, clientsCron). Each
 * duty is one small function with its own period; none may take long, since clients wait meanwhile.
 */
import type { Timer } from '../host/host.ts';
import { CONDITION } from './gates.ts';
import type { Server } from './server.ts';

/** Milliseconds of each second that resizing tables may take, at most, per run. */
const RESIZE_BUDGET_US = 1000;
const RESIZE_STEPS_BETWEEN_CLOCK_READS = 100;

export class Cron {
  readonly #server: Server;
  #timer: Timer | null = null;
  #hz = 0;
  #database = 0;
  /** DEBUG PAUSE-CRON. */
  paused = false;

  constructor(server: Server) {
    this.#server = server;
  }

  start(): void {
    this.#hz = this.#server.config.values.hz;
    this.#timer = this.#server.host.timers.every(1000 / this.#hz, () => this.run());
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }

  /** One run. Whoever cannot wait for the next one may call it too. */
  run(): void {
    const server = this.#server;
    // While a script runs for too long, nothing changes but by it.
    if (this.paused || (server.conditions & CONDITION.busy) !== 0) return;
    server.enter(() => {
      const now = server.keyspace.nowMs;
      server.clients.look(now, this.#hz);
      this.#tendTables();
      for (const duty of server.cronDuties) duty(now);
    });
    if (server.config.values.hz !== this.#hz && this.#timer !== null) {
      this.stop();
      this.start();
    }
  }

  /** Resizes one database's table a little further, and shrinks sparse ones. */
  #tendTables(): void {
    const server = this.#server;
    const { databases, keepsTables } = server.keyspace;
    if (!keepsTables) for (const database of databases) database.dict.shrinkIfSparse();
    if (!server.config.values.activerehashing) return;
    const { clock } = server.host;
    const untilUs = clock.monotonicUs() + RESIZE_BUDGET_US;
    for (let i = 0; i < databases.length; i++) {
      const { dict } = databases[this.#database]!;
      while (dict.isResizing) {
        for (let step = 0; step < RESIZE_STEPS_BETWEEN_CLOCK_READS; step++) dict.resizeStep();
        if (clock.monotonicUs() >= untilUs) return;
      }
      this.#database = (this.#database + 1) % databases.length;
    }
  }
}
