/**
 * Cluster mode of one server: the driver of the machine. Frames, the clock and commands come in; each makes a turn. At the
 * end of a turn, whatever it has left to be done is done (`settle`), and always in this order: decisions, then the state
 * is saved and synced, then the frames leave. So nobody ever hears of a vote or an epoch that a crash could undo.
 */
import { randomId } from '../core/ids.ts';
import type { NetError, Random, Timer } from '../host/host.ts';
import type { Replication } from '../replication/replication.ts';
import type { ClusterHook } from '../server/hooks.ts';
import type { Server } from '../server/server.ts';
import { listenPlan } from '../server/start-up.ts';
import { Bus, errorText } from './bus/bus.ts';
import type { BusLink, LinkObserver } from './bus/bus-link.ts';
import { FRAME } from './bus/layout.ts';
import { Outbox } from './bus/outbox.ts';
import { updateClusterState } from './cluster-state.ts';
import type { ClusterControl, FailoverKind } from './control.ts';
import type { ClusterEvent } from './events.ts';
import type { ClusterLog, ClusterSettings, Core } from './core.ts';
import { runCron } from './cron.ts';
import { stepElection } from './election.ts';
import { bumpEpoch } from './epochs.ts';
import { countFailureReports } from './failure.ts';
import { forget, meet } from './handshake.ts';
import { broadcastPong, sendHeartbeat } from './heartbeat.ts';
import { processFrame } from './machine.ts';
import { beginManualFailover, stepManualFailover } from './manual-failover.ts';
import { updateMyself, updatePorts } from './myself.ts';
import { ServerServices } from './node-services.ts';
import type { NodesFile } from './nodes-file.ts';
import { resetCluster } from './reset.ts';
import { followNode } from './roles.ts';
import { propagateMessage } from './send.ts';
import { BUS_PORT_DISTANCE, settingsOf } from './settings.ts';
import { ClusterNode, ClusterState, NODE, type StateObserver, DUE } from './state.ts';
import { verifyWithData } from './verify.ts';

const CRON_PERIOD_MS = 100;
/** A replica that waits for its offset to be reached looks again so soon. */
const LOOK_AGAIN_MS = 2;
/** Decisions that follow from each other in one turn. */
const ROUNDS_MAX = 8;
const PORT_MAX = 65535;

export class Cluster implements ClusterHook, ClusterControl, Core, LinkObserver, StateObserver {
  readonly server: Server;
  readonly settings: ClusterSettings;
  readonly random: Random;
  readonly log: ClusterLog;
  readonly outbox = new Outbox();
  readonly services: ServerServices;
  state: ClusterState;
  nowMs: number;
  droppedType = -1;
  readonly #replication: Replication;
  readonly #file: NodesFile;
  readonly #bus: Bus;
  #busPort = 0;
  #cronMs = -Infinity;
  #cronRuns = 0;
  readonly #observers = new Set<(event: ClusterEvent) => void>();
  /** Called at the end of each turn: everything is saved and sent. */
  afterTurn: (() => void) | null = null;
  #isInTurn = false;
  #isAwake = false;
  #lookAgain: Timer | null = null;

  constructor(server: Server, replication: Replication, file: NodesFile) {
    const { host, config, log } = server;
    this.server = server;
    this.#replication = replication;
    this.#file = file;
    this.random = host.random.fork('cluster');
    this.nowMs = host.clock.wallMs();
    this.log = logOf(server);
    this.settings = settingsOf(server, () => this.#busPort);
    const { values } = config;
    this.#bus = new Bus(
      host,
      log,
      {
        get nodeTimeoutMs(): number {
          return values['cluster-node-timeout'];
        },
        get sourceHost(): string {
          return values['bind-source-addr'];
        },
        get isClosedToOthers(): boolean {
          return server.persistence.loading.isActive && !replication.isReplica;
        },
      },
      this,
    );
    this.services = new ServerServices(server, replication);
    this.services.core = this;
    this.services.bus = this.#bus;
    this.state = new ClusterState(new ClusterNode(randomId(this.random), NODE.myself | NODE.master, this.nowMs));
    server.cronDuties.push((nowMs) => this.#cron(nowMs));
    server.memory.addSource('clusterLinks', () => this.#bus.memoryBytes);
  }

  // ---------------------------------------------------------------------------------------------------- start and end

  start(anyPort: boolean, done: (error: string | null) => void): void {
    this.nowMs = this.server.host.clock.wallMs();
    const error = this.#load() ?? this.#checkPort(anyPort);
    if (error !== null) {
      done(error);
      return;
    }
    this.#listen(this.#wantedPort <= PORT_MAX ? this.#wantedPort : 0, anyPort, (refusal) => {
      if (refusal === null) this.#begin();
      done(refusal);
    });
  }

  /** Where any port will do, so will another one than that which is 10000 above. */
  #listen(port: number, anyPort: boolean, done: (error: string | null) => void): void {
    this.#bus.listen({ ...listenPlan(this.server, anyPort), port }, (refusal) => {
      const isFixed = !anyPort || port === 0 || this.server.config.values['cluster-port'] !== 0;
      if (refusal === null || isFixed) done(refusal);
      else this.#listen(0, anyPort, done);
    });
  }

  #load(): string | null {
    const { log } = this.server;
    const refusal = this.#file.claim();
    if (refusal !== null) return refusal;
    let loaded: ClusterState | null;
    try {
      loaded = this.#file.load(this.nowMs);
    } catch (error) {
      return (error as Error).message;
    }
    if (loaded !== null) this.state = loaded;
    else log.notice(`No cluster configuration found, I'm ${this.state.myself.name}`);
    return loaded === null ? this.saveNodes() : null;
  }

  get #wantedPort(): number {
    const { values } = this.server.config;
    return values['cluster-port'] || this.server.listeners.port + BUS_PORT_DISTANCE;
  }

  #checkPort(anyPort: boolean): string | null {
    if (this.server.config.values.bind.length === 0) {
      return 'No bind address is configured, but it is required for the Cluster bus.';
    }
    if (anyPort || this.#wantedPort <= PORT_MAX) return null;
    return (
      'Redis port number too high. Cluster communication port is 10,000 port numbers higher than your Redis port. ' +
      'Your Redis port number must be 55535 or less.'
    );
  }

  /** The bus is open. */
  #begin(): void {
    this.#busPort = this.#bus.port;
    const { state, settings } = this;
    state.observer = this;
    updatePorts(this);
    updateMyself(this);
    if (settings.announceIp !== '') state.myself.ip = settings.announceIp;
    const { master, isReplica } = state.myself;
    if (!isReplica || master === null || master.ip === '' || master.has(NODE.noAddress)) return;
    this.#replication.startAsReplica({ host: master.ip, port: master.port });
  }

  datasetLoaded(): string | null {
    return this.turn(() => verifyWithData(this, this.server.keyspace));
  }

  stop(done: () => void): void {
    this.#lookAgain?.cancel();
    this.#file.finish(this.state);
    this.#bus.close(done);
  }

  // --------------------------------------------------------------------------------------------------------------- turns

  /** Does something and what follows from it. May be called within a command, or within another turn. */
  turn<T>(run: () => T): T {
    if (this.#isInTurn) return run();
    this.#isInTurn = true;
    this.nowMs = this.server.host.clock.wallMs();
    try {
      return run();
    } finally {
      this.#settle();
      this.#isInTurn = false;
      this.afterTurn?.();
    }
  }

  /** Hears of every event, as it happens. @returns ends that. */
  observe(observer: (event: ClusterEvent) => void): () => void {
    this.#observers.add(observer);
    return () => void this.#observers.delete(observer);
  }

  note(event: ClusterEvent): void {
    for (const observer of this.#observers) observer(event);
  }

  /** A turn that nobody's command has begun. */
  #event(run: () => void): void {
    if (!this.server.isClosed) this.server.enter(() => this.turn(run));
  }

  /** A command has changed something: what follows is done before its reply leaves, or at the end of its turn. */
  workToDo(): void {
    if (this.#isInTurn || this.#isAwake) return;
    this.#isAwake = true;
    this.server.host.timers.soon(() => {
      this.#isAwake = false;
      this.#event(() => {});
    });
  }

  /** What a command has left to do, before it is answered. */
  settle(): void {
    if (this.state.due !== 0) this.turn(() => {});
  }

  #settle(): void {
    const { state } = this;
    const decisions = DUE.manualFailover | DUE.failover | DUE.updateState;
    for (let round = 0; (state.due & decisions) !== 0 && round < ROUNDS_MAX; round++) {
      const { due } = state;
      state.due &= ~decisions;
      if (state.myself.isReplica) {
        if ((due & DUE.manualFailover) !== 0) stepManualFailover(this);
        if ((due & (DUE.manualFailover | DUE.failover)) !== 0) stepElection(this);
      }
      if ((due & DUE.updateState) !== 0) updateClusterState(this);
    }
    if ((state.due & DUE.save) !== 0 && this.saveNodes((state.due & DUE.sync) !== 0) !== null) {
      this.server.shutdown.fail("Fatal: can't update cluster config file.");
      return;
    }
    this.outbox.flush();
    if ((state.due & decisions) !== 0) {
      this.#isInTurn = false;
      this.workToDo();
    }
    this.#waitForOffset();
  }

  /** The stream that a manual failover waits for is no affair of the bus: nobody tells us when its end is reached. */
  #waitForOffset(): void {
    const { endMs, masterOffset, canStart } = this.state.manualFailover;
    if (endMs === 0 || this.server.isClosed || masterOffset < 0 || canStart || this.#lookAgain !== null) return;
    this.#lookAgain = this.server.host.timers.after(LOOK_AGAIN_MS, () => {
      this.#lookAgain = null;
      this.#event(() => this.state.doBeforeSleep(DUE.manualFailover));
    });
  }

  #cron(nowMs: number): void {
    // The cron is not exact to the millisecond, and a period is.
    if (nowMs - this.#cronMs < CRON_PERIOD_MS - 10 && nowMs >= this.#cronMs) return;
    this.#cronMs = nowMs;
    this.server.clients.clusterConnections = (this.state.nodes.size - 1) * 2;
    this.turn(() => runCron(this, ++this.#cronRuns));
  }

  // --------------------------------------------------------------------------------------------------------------- links

  opened(link: BusLink): void {
    this.#event(() => {
      const node = link.node!;
      const { pingSentMs } = node;
      sendHeartbeat(this, link, node.has(NODE.meet) ? FRAME.meet : FRAME.ping);
      // A PING that was sent before the link broke still waits for its answer.
      if (pingSentMs !== 0) node.pingSentMs = pingSentMs;
      node.clear(NODE.meet);
      if (this.log.isDebugging) this.log.debug(`Connecting with Node ${node.name} at ${node.ip}:${node.busPort}`);
    });
  }

  received(link: BusLink, read: () => boolean): void {
    this.#event(() => {
      if (read()) return;
      this.log.warning('Bad message length or signature received from Cluster bus.');
      link.close();
    });
  }

  frame(link: BusLink, bytes: Buffer): void {
    processFrame(this, link, bytes);
  }

  lost(link: BusLink, error: NetError | null): void {
    const { node } = link;
    if (!link.isConnected && node !== null) {
      // Nobody is there to be asked: the time in which it has to answer begins now.
      if (node.pingSentMs === 0) node.pingSentMs = this.server.host.clock.wallMs();
      this.log.verbose(`Connection with Node ${node.name} at ${node.ip}:${node.busPort} failed: ${errorText(error)}`);
    } else if (this.log.isDebugging) this.log.debug(`I/O error reading from node link: ${errorText(error)}`);
    link.close();
  }

  slotUnbound(slot: number): void {
    this.server.pubsub.dropShardSlot(slot);
  }

  // ------------------------------------------------------------------------------------------------------------ commands

  meet(ip: string, port: number, busPort: number): void {
    this.turn(() => meet(this, ip, port, busPort));
  }

  forget(node: ClusterNode): void {
    this.turn(() => forget(this, node));
  }

  replicate(master: ClusterNode): void {
    this.turn(() => followNode(this, master));
  }

  reset(hard: boolean): void {
    this.turn(() => resetCluster(this, hard));
  }

  bumpEpoch(): boolean {
    return this.turn(() => bumpEpoch(this));
  }

  failover(kind: FailoverKind): void {
    this.turn(() => beginManualFailover(this, kind, ''));
  }

  saveNodes(isDurable = true): string | null {
    this.state.due &= ~(DUE.save | DUE.sync);
    return this.#file.save(this.state, isDurable);
  }

  broadcastPong(): void {
    this.turn(() => broadcastPong(this, 'all'));
  }

  publish(channel: Uint8Array, message: Uint8Array, isSharded: boolean): void {
    propagateMessage(this, channel, message, isSharded);
    if (!this.outbox.isEmpty) this.workToDo();
  }

  failureReports(node: ClusterNode): number {
    this.nowMs = this.server.host.clock.wallMs();
    return countFailureReports(this, node);
  }
}

function logOf({ log }: Server): ClusterLog {
  return {
    get isDebugging(): boolean {
      return log.shows('debug');
    },
    debug: (message) => log.debug(message),
    verbose: (message) => log.verbose(message),
    notice: (message) => log.notice(message),
    warning: (message) => log.warning(message),
  };
}
