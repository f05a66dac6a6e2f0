/**
 * A node of a topology in this process: a server or a sentinel that can be killed, paused and started again.
 *
 *   await node.kill();     SIGKILL: connections are reset, memory is gone, files stay
 *   await node.restart();  from its configuration file and its files, on the same port
 *
 * Each start is a new life (node-life.ts) on the node's disk. What lives longer than a process is here: address, disk, log.
 */
import type { ReplyValue } from '../client/reply-parser.ts';
import type { Disk, Host } from '../host/host.ts';
import { replaceFile } from '../host/replace-file.ts';
import { PLAIN_SHUTDOWN } from '../server/shutdown.ts';
import type { Server } from '../server/server.ts';
import { ClientStream } from './client-stream.ts';
import { type CommandArgument, DirectClients } from './direct-client.ts';
import { ResplicaError } from './errors.ts';
import { SyncedSizes } from './life-disk.ts';
import { NodeLife } from './node-life.ts';
import type { NodeProgram, NodeRole } from './node-program.ts';
import { reachableHost, textOf } from './server.ts';
import { Pulse, type TopologyTime } from './topology-time.ts';

/** What became of a node. */
export type NodeChange = 'started' | 'killed' | 'lost-power' | 'stopped' | 'paused' | 'resumed';

export interface NodeSetup {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly program: NodeProgram;
  /** Where the directory of the node is. */
  readonly directory: string;
  readonly disk: Disk;
  /** The world of one life; its net is that of the topology's fabric. */
  readonly outside: (log: (line: string) => void) => Host;
  /** How time goes by for it; by default as it does. */
  readonly time?: TopologyTime;
  readonly onChange?: (node: NodeHandle, change: NodeChange) => void;
  readonly onLine?: (node: NodeHandle, line: string) => void;
}

interface Running {
  readonly life: NodeLife;
  readonly server: Server;
  readonly direct: DirectClients;
  readonly streams: Set<ClientStream>;
  /** Called when it is no more, whatever ended it. */
  readonly mourners: Set<() => void>;
}

const LOG_LINES_MAX = 10_000;

export class NodeHandle {
  readonly name: string;
  /** Where clients of this machine reach it, also while it is down. */
  readonly host: string;
  readonly port: number;
  /** The newest log lines of all its lives, oldest first, as redis-server writes them. */
  readonly log: readonly string[];
  readonly #setup: NodeSetup;
  readonly #lines: string[] = [];
  readonly #synced = new SyncedSizes();
  #running: Running | null = null;
  /** A life that lost its power: its sockets are silent. */
  #dark: NodeLife | null = null;
  #isPaused = false;
  /** As it was last seen. */
  #role: NodeRole;
  #password = '';
  /** What was asked for last; the next waits for it. */
  #last: Promise<void> = Promise.resolve();
  /** A start that is under way; what else is asked for waits for it. */
  #starting: Promise<void> | null = null;
  /** The topology is no more: nothing starts again. */
  #isClosed = false;

  /** @internal Topologies make their nodes. */
  constructor(setup: NodeSetup, role: NodeRole) {
    this.#setup = setup;
    this.name = setup.name;
    this.host = reachableHost(setup.address);
    this.port = setup.port;
    this.log = this.#lines;
    this.#role = role;
  }

  /** "redis://127.0.0.1:21234", with the password if there is one. */
  get url(): string {
    const credentials = this.#password === '' ? '' : `:${encodeURIComponent(this.#password)}@`;
    const host = this.host.includes(':') ? `[${this.host}]` : this.host;
    return `redis://${credentials}${host}:${this.port}`;
  }

  /** Its role, by its own account; of a node that is down, the last one. */
  get role(): NodeRole {
    const running = this.#running;
    if (running !== null) this.#role = this.#setup.program.role(running.server);
    return this.#role;
  }

  /** Whether there is a process, paused or not. */
  get alive(): boolean {
    return this.#running !== null;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** @internal The process itself, for topologies; null while it is down. */
  get server(): Server | null {
    return this.#running?.server ?? null;
  }

  // --------------------------------------------------------------------------------------------------- life and death

  /** @internal The first start. @throws ResplicaError */
  async start(): Promise<void> {
    const { disk, directory, program } = this.#setup;
    disk.makeDirectory(directory);
    for (const [name, content] of Object.entries({ ...program.files, [program.fileName]: program.configuration })) {
      const path = `${directory}/${name}`;
      if (disk.stat(path) === null) replaceFile(disk, path, Buffer.from(content, 'latin1'), '.new');
    }
    await this.#boot();
  }

  /** SIGKILL: connections are reset, memory is gone, files stay. Resolves when the port is free. Idempotent. */
  async kill(): Promise<void> {
    if (this.#starting !== null) await this.#started();
    const running = this.#leave('killed');
    if (running !== null) this.#then((done) => running.life.kill(done));
    await this.#last;
  }

  /**
   * The machine is without power: nobody hears from it any more, not even a reset, and what was not synced to disk is
   * gone. Connections to it are accepted, as if packets got lost, and never answered.
   */
  async powerLoss(): Promise<void> {
    if (this.#starting !== null) await this.#started();
    const running = this.#leave('lost-power');
    if (running === null) return;
    running.life.losePower();
    this.#dark = running.life;
    this.#synced.lose(this.#setup.disk);
  }

  /** SIGTERM: replicas are waited for, the dataset is saved if its configuration says so. Idempotent. */
  async stop(): Promise<void> {
    if (this.#starting !== null) await this.#started();
    const running = this.#running;
    if (running === null) {
      await this.#last;
      return;
    }
    this.resume();
    await this.#during((done) => {
      // Whatever else ends it meanwhile.
      running.mourners.add(done);
      running.server.shutdown.onReady = (): void => done();
      running.server.shutdown.onFailure = (): void => done();
      if (running.server.shutdown.isOver) done();
      else running.server.enter(() => running.server.shutdown.request({ ...PLAIN_SHUTDOWN, force: true }));
    });
    await this.#end(running);
  }

  /** SIGSTOP: the process stands still. Connections are accepted, and nobody answers. */
  pause(): void {
    if (this.#running === null || this.#isPaused) return;
    this.#isPaused = true;
    this.#running.life.pause();
    this.#setup.onChange?.(this, 'paused');
  }

  /** SIGCONT. */
  resume(): void {
    if (this.#running === null || !this.#isPaused) return;
    this.#isPaused = false;
    this.#setup.onChange?.(this, 'resumed');
    this.#running.life.resume();
  }

  /** Starts it again on its port, from its configuration file and its files; stops it first if it runs. */
  async restart(): Promise<void> {
    do {
      await this.stop();
      await this.#release();
      // Somebody else may have begun to start it meanwhile.
    } while (this.#running !== null || this.#starting !== null);
    await this.#boot();
  }

  /** What is being started has started, or failed to. */
  async #started(): Promise<void> {
    await this.#starting?.catch(() => {});
  }

  /** @internal For the end of the topology: saves what is to be saved, waits for nobody. */
  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#starting !== null) await this.#started();
    const running = this.#running;
    if (running !== null) {
      this.resume();
      const { shutdown, persistence } = running.server;
      if (!shutdown.isOver) persistence.finish({ ...PLAIN_SHUTDOWN, force: true });
      await this.#end(running);
    }
    await this.#release();
  }

  async #end(running: Running): Promise<void> {
    if (this.#running === running) {
      this.#leave('stopped');
      const closed = this.#during((done) => running.server.close(() => done()));
      const gone = closed.then(() => new Promise<void>((done) => running.life.kill(done)));
      this.#last = this.#last.then(() => gone);
    }
    await this.#last;
  }

  /** After a loss of power the sockets are silent until the machine is back. */
  async #release(): Promise<void> {
    const dark = this.#dark;
    this.#dark = null;
    if (dark !== null) this.#then((done) => dark.release(done));
    await this.#last;
  }

  /** What the process does may take time of its own. */
  #during<T = void>(act: (done: (result: T) => void) => void): Promise<T> {
    const work = new Promise<T>(act);
    return this.#setup.time?.during(work) ?? work;
  }

  #then(act: (done: () => void) => void): void {
    const acted = new Promise<void>(act);
    this.#last = this.#last.then(() => acted);
  }

  /** From now on there is no process. @returns what there was. */
  #leave(change: NodeChange): Running | null {
    const running = this.#running;
    if (running === null) return null;
    this.#role = this.role;
    this.#running = null;
    this.#isPaused = false;
    if (change !== 'stopped') {
      running.life.gate.shut();
      for (const stream of running.streams)
        stream.destroy(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }));
    }
    running.direct.abandon();
    for (const mourn of running.mourners) mourn();
    this.#setup.onChange?.(this, change);
    return running;
  }

  #boot(): Promise<void> {
    if (this.#isClosed) throw new ResplicaError('ERR_NOT_RUNNING', `${this.name} belongs to what was closed.`);
    const starting = this.#open().finally(() => (this.#starting = null));
    this.#starting = starting;
    return starting;
  }

  async #open(): Promise<void> {
    const { program, disk, outside } = this.#setup;
    const life = new NodeLife(
      outside((line) => this.#note(line)),
      disk,
      this.#synced,
      this.#setup.time?.pulse ?? new Pulse(),
    );
    const server = program.compose(life.host, this.#file);
    const error = await this.#during<string | ResplicaError | null>((done) => program.open(server, done));
    if (error !== null) {
      await new Promise<void>((done) => life.kill(done));
      throw typeof error === 'string' ? this.#startError(error) : error;
    }
    const running = {
      life,
      server,
      direct: new DirectClients(server),
      streams: new Set<ClientStream>(),
      mourners: new Set<() => void>(),
    };
    this.#running = running;
    this.#password = textOf(server.config.values.requirepass);
    // A client that says SHUTDOWN is still being served here.
    server.shutdown.onReady = (): void => life.host.timers.soon(() => void this.#end(running));
    server.shutdown.onFailure = (): void => life.host.timers.soon(() => void this.kill());
    this.#setup.onChange?.(this, 'started');
  }

  get #file(): string {
    return `${this.#setup.directory}/${this.#setup.program.fileName}`;
  }

  #startError(error: string): ResplicaError {
    const reason = this.#lines.findLast((line) => / bind: /.test(line)) ?? error;
    return reason.includes('Address already in use')
      ? new ResplicaError('ERR_PORT_IN_USE', `${this.name} cannot start: port ${this.port} is in use.`)
      : new ResplicaError('ERR_CANNOT_LOAD', `${this.name} cannot start: ${textOf(reason)}`);
  }

  #note(line: string): void {
    if (this.#lines.push(line) > LOG_LINES_MAX) this.#lines.shift();
    this.#setup.onLine?.(this, line);
  }

  // ------------------------------------------------------------------------------------------------------------ commands

  /**
   * Runs a command without a socket, on a connection of the node's own that is always authenticated. A paused node
   * answers when it goes on.
   * @returns the decoded reply: strings, numbers (bigints beyond 2^53), null, arrays.
   * @throws ErrorReply when the node answers an error; within an array (EXEC), errors are values.
   */
  async execute(...args: CommandArgument[]): Promise<ReplyValue> {
    return this.#execute(args, false);
  }

  /** As `execute`, with Buffers in the place of bulk strings, which may hold any bytes. */
  async executeBuffer(...args: CommandArgument[]): Promise<ReplyValue> {
    return this.#execute(args, true);
  }

  /** An in-memory stream that speaks RESP to the node, for a client of this process. */
  connect(): ClientStream {
    const { life, server, streams } = this.#alive();
    // Its bytes pass by the timers of this life, which stand still while the node is paused.
    const stream = new ClientStream((connection) => server.accept(connection), life.host.timers);
    streams.add(stream);
    stream.once('close', () => streams.delete(stream));
    return stream;
  }

  #execute(args: readonly CommandArgument[], buffers: boolean): Promise<ReplyValue> {
    const { life, direct } = this.#alive();
    if (!this.#isPaused) return direct.execute(args, buffers);
    return new Promise((resolve, reject) => {
      life.gate.run(() => void direct.execute(args, buffers).then(resolve, reject));
    });
  }

  #alive(): Running {
    if (this.#running !== null) return this.#running;
    throw new ResplicaError('ERR_NOT_RUNNING', `${this.name} is down: restart() starts it again.`);
  }
}
