/**
 * A simulated connection: the socket in the kernel and the port that the node holds, in one object.
 *
 * Calls of the node pass `life.check()`. Arrivals are the kernel's business (`onSegment`): they happen while the node is
 * paused, too, and only the callbacks wait for it. Life cycle:
 *
 *     opening --connected--> open --both ended, error, destroy--> closing --next event--> closed
 *     (accepted ones start as `waiting`, until the node accepts them)
 *
 * `gone` says that the kernel has forgotten the connection. A killed node's connections are gone although nobody was
 * told; what the peer sends to one is answered with a reset.
 */
import { netErrorOf } from '../host/error-texts.ts';
import type { Address, Connection, ConnectionEvents, NetErrorCode, Random } from '../host/host.ts';
import { SimulationError } from './errors.ts';
import { Fifo } from './fifo.ts';
import { KeepAlive } from './keep-alive.ts';
import type { Life } from './life.ts';
import type { Pipe, PipeEnd, SegmentKind } from './pipe.ts';
import { hashBytes, KIND } from './trace.ts';

/** The listening socket, as a connection that waits to be accepted knows it. */
export interface Acceptor {
  readonly closed: boolean;
  accept(connection: SimConnection): ConnectionEvents;
  dequeue(connection: SimConnection): void;
}

export interface ConnectionSetup {
  readonly number: number;
  readonly life: Life;
  readonly local: Address;
  readonly remote: Address;
  readonly random: Random;
  /** Check the rules of ownership: scribble over chunks after use, compare kept arrays with copies. */
  readonly paranoid: boolean;
  /** Called once, when the connection has left the node's hands. */
  readonly onClosed: (connection: SimConnection) => void;
}

interface Kept {
  readonly bytes: Uint8Array;
  offset: number;
  readonly copy: Buffer | null;
}

const SCRIBBLE = 0xdb;

export class SimConnection implements Connection, PipeEnd {
  readonly number: number;
  readonly local: Address;
  readonly remote: Address;
  readonly #life: Life;
  readonly #setup: ConnectionSetup;
  #events: ConnectionEvents | null = null;
  #acceptor: Acceptor | null = null;
  #phase: 'opening' | 'waiting' | 'open' | 'closing' | 'closed' = 'opening';
  #gone = false;
  /** Stops the attempt to connect. */
  #cancelOpening: (() => void) | null = null;
  #keepAlive: KeepAlive | null = null;

  #out: Pipe | null = null;
  readonly #queue = new Fifo<Kept>();
  #queuedBytes = 0;
  #writeEnded = false;
  #endSent = false;

  #in: Pipe | null = null;
  #paused = false;
  /** One chunk "was already read" when the node paused. */
  #lateChunk = false;
  #readScheduled = false;
  #endReceived = false;
  #readEnded = false;
  #error: NetErrorCode | null = null;
  readonly #readTask = (): void => this.#read();
  readonly #flushTask = (): void => this.#flush();

  constructor(setup: ConnectionSetup) {
    this.#setup = setup;
    this.#life = setup.life;
    this.number = setup.number;
    this.local = setup.local;
    this.remote = setup.remote;
  }

  // ------------------------------------------------------------------------------------------------------- beginning

  /** The connecting side. */
  open(events: ConnectionEvents, cancelOpening: () => void): void {
    this.#events = events;
    this.#cancelOpening = cancelOpening;
  }

  /** The accepting side: the node is asked once the peer has confirmed the handshake. */
  await(acceptor: Acceptor, out: Pipe, incoming: Pipe): void {
    this.#phase = 'waiting';
    this.#acceptor = acceptor;
    this.#out = out;
    this.#in = incoming;
  }

  /** The handshake of the connecting side is done. */
  establish(out: Pipe, incoming: Pipe): void {
    this.#out = out;
    this.#in = incoming;
    this.#cancelOpening = null;
    out.establish();
    this.#life.deliver(() => this.#onOpen());
  }

  #onOpen(): void {
    if (this.#phase !== 'opening') return;
    this.#phase = 'open';
    this.#note(KIND.open, 0);
    this.#events?.open?.();
    this.#flush();
    this.#readAgain();
  }

  #onEstablished(): void {
    this.#life.deliver(() => {
      if (this.#phase !== 'waiting' || this.#gone) return;
      this.#phase = 'open';
      this.#note(KIND.accept, 0);
      const acceptor = this.#acceptor!;
      this.#acceptor = null;
      this.#events = acceptor.accept(this);
      this.#readAgain();
    });
  }

  /** The attempt to connect failed. */
  fail(code: NetErrorCode): void {
    this.#gone = true;
    this.#cancelOpening?.();
    this.#cancelOpening = null;
    const { scheduler, index } = this.#life;
    scheduler.at(scheduler.nowUs, index, this.#life, () => this.#finish(code));
  }

  get opening(): boolean {
    return this.#phase === 'opening';
  }

  // --------------------------------------------------------------------------------------------------------- writing

  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  write(bytes: Uint8Array): boolean {
    this.#life.check();
    if (this.#isOver || this.#writeEnded || bytes.length === 0) return true;
    this.#note(KIND.write, bytes.length);
    if (this.#gone) {
      // The kernel knows already that the peer is no more: the write fails.
      this.#readAgain(true);
      return true;
    }
    if (this.#phase === 'opening' || this.#queue.size > 0) {
      this.#keep(bytes, 0);
      return false;
    }
    const taken = this.#out!.offer(bytes, 0);
    if (taken === bytes.length) return true;
    this.#keep(bytes, taken);
    return false;
  }

  #keep(bytes: Uint8Array, offset: number): void {
    const copy = this.#setup.paranoid ? Buffer.from(bytes) : null;
    this.#queue.push({ bytes, offset, copy });
    this.#queuedBytes += bytes.length - offset;
  }

  #flush(): void {
    if (this.#phase !== 'open' || this.#gone) return;
    const held = this.#queue.size > 0;
    for (let next = this.#queue.peek(); next !== undefined; next = this.#queue.peek()) {
      const taken = this.#out!.offer(next.bytes, next.offset);
      if (next.copy !== null) this.#assertUntouched(next, next.copy, taken);
      next.offset += taken;
      this.#queuedBytes -= taken;
      if (next.offset < next.bytes.length) return;
      this.#queue.shift();
    }
    if (this.#writeEnded) this.#sendEnd();
    else if (held) {
      this.#note(KIND.drain, 0);
      this.#events?.drain?.();
    }
  }

  #assertUntouched({ bytes, offset }: Kept, copy: Buffer, taken: number): void {
    const end = offset + taken;
    if (copy.compare(bytes, offset, end, offset, end) === 0) return;
    throw new SimulationError(`${this.#life.name} changed bytes after write() had returned false for them`);
  }

  end(): void {
    this.#life.check();
    if (this.#isOver || this.#writeEnded) return;
    this.#writeEnded = true;
    if (this.#phase === 'open' && this.#queue.size === 0) this.#sendEnd();
  }

  #sendEnd(): void {
    if (this.#endSent) return;
    this.#endSent = true;
    this.#out!.end();
    this.#finishIfBothEnded();
  }

  onRoom(): void {
    if (this.#queue.size > 0 && !this.#gone) this.#life.deliver(this.#flushTask);
  }

  // --------------------------------------------------------------------------------------------------------- reading

  pause(): void {
    this.#life.check();
    if (this.#paused) return;
    this.#paused = true;
    this.#lateChunk = this.#setup.paranoid && this.#setup.random.below(4) === 0;
  }

  resume(): void {
    this.#life.check();
    this.#paused = false;
    this.#readAgain();
  }

  get gone(): boolean {
    return this.#gone;
  }

  onSegment(kind: SegmentKind): void {
    this.#keepAlive?.hear();
    if (kind === 'reset') this.#onReset();
    else if (this.#gone) this.#out!.reset();
    else if (kind === 'established') this.#onEstablished();
    else {
      if (kind === 'end') this.#endReceived = true;
      if (this.#readScheduled || this.#phase !== 'open') return;
      this.#readScheduled = true;
      this.#life.deliver(this.#readTask);
    }
  }

  #onReset(): void {
    // The listener closed while the handshake was under way; the peer will answer its last step in the same way.
    if (this.#out === null) return;
    this.#out.abort();
    if (this.#gone) return;
    this.#gone = true;
    if (this.#phase === 'waiting') {
      this.#acceptor!.dequeue(this);
      this.#forget();
      return;
    }
    this.#error = this.#endReceived ? 'EPIPE' : 'ECONNRESET';
    // Systems differ in whether bytes that arrived before the reset can still be read.
    if (this.#setup.random.below(2) === 0) this.#in!.discardReceived();
    // Who has read to the end no longer listens: the next write finds out, or one that waits.
    this.#readAgain(this.#queue.size > 0);
  }

  /** Schedules a read if there is something to tell. @param writeFailed the node learns of an error while not reading. */
  #readAgain(writeFailed = false): void {
    if (this.#phase !== 'open' || this.#readScheduled) return;
    if (writeFailed && this.#error !== null) {
      this.#in!.discardReceived();
      this.#paused = false;
    } else if (this.#paused || this.#readEnded || !this.#hasNews) return;
    this.#readScheduled = true;
    const { scheduler, index } = this.#life;
    scheduler.at(scheduler.nowUs, index, this.#life, this.#readTask);
  }

  get #hasNews(): boolean {
    return this.#in!.receivedBytes > 0 || this.#error !== null || (this.#endReceived && !this.#readEnded);
  }

  /** One chunk, or the end, or the error: each is an event of its own. */
  #read(): void {
    this.#readScheduled = false;
    if (this.#phase !== 'open' || (this.#paused && !this.#lateChunk)) return;
    const chunk = this.#in!.read();
    if (chunk !== undefined) {
      this.#lateChunk = false;
      this.#note(KIND.data, hashBytes(chunk));
      this.#events!.data(chunk);
      if (this.#setup.paranoid) chunk.fill(SCRIBBLE);
      if (this.#life.alive) this.#readAgain();
    } else if (!this.#paused) this.#readEndOrError();
  }

  #readEndOrError(): void {
    if (this.#error !== null) {
      this.#finish(this.#error);
      return;
    }
    if (!this.#endReceived || this.#readEnded) return;
    this.#readEnded = true;
    this.#note(KIND.end, 0);
    const events = this.#events!;
    if (events.end) events.end();
    else this.end();
    this.#finishIfBothEnded();
  }

  // ---------------------------------------------------------------------------------------------------------- ending

  destroy(): void {
    this.#life.check();
    if (this.#isOver) return;
    this.closeByKernel();
    this.#finish(null);
  }

  reset(): void {
    this.#life.check();
    if (this.#isOver) return;
    if (!this.#gone) {
      this.#gone = true;
      this.#cancelOpening?.();
      this.#out?.reset();
    }
    this.#finish(null);
  }

  /** The process closed the socket or died: what the kernel does then. Unread input makes it a reset. */
  closeByKernel(): void {
    this.#keepAlive?.stop();
    if (this.#gone || this.#isOver) return;
    this.#gone = true;
    this.#cancelOpening?.();
    if (this.#out === null) return;
    if (this.#in!.receivedBytes > 0) this.#out.reset();
    else if (!this.#endSent) this.#out.end();
    this.#endSent = true;
    this.#in!.discardReceived();
  }

  /** The machine lost power. */
  vanish(): void {
    this.#keepAlive?.stop();
    this.#gone = true;
    this.#cancelOpening?.();
    this.#out?.abort();
    this.#in?.discardReceived();
  }

  /** The listening socket closed before this connection was accepted. */
  refuse(): void {
    this.#gone = true;
    this.#out!.reset();
    this.#forget();
  }

  /** The handshake came to nothing before anybody was told of it. */
  abandon(): void {
    if (this.#phase !== 'waiting') return;
    this.#gone = true;
    this.#acceptor!.dequeue(this);
    this.#forget();
  }

  onGiveUp(): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#life.deliver(() => {
      if (this.#phase === 'open') this.#finish('ETIMEDOUT');
    });
  }

  get #isOver(): boolean {
    return this.#phase === 'closing' || this.#phase === 'closed';
  }

  #finishIfBothEnded(): void {
    if (this.#readEnded && this.#endSent) this.#finish(null);
  }

  #finish(code: NetErrorCode | null): void {
    if (this.#isOver) return;
    this.#phase = 'closing';
    this.#gone = true;
    this.#queue.clear();
    this.#queuedBytes = 0;
    this.#keepAlive?.stop();
    const { scheduler, index } = this.#life;
    scheduler.at(scheduler.nowUs, index, this.#life, () => {
      this.#note(KIND.close, code === null ? 0 : code.length);
      const events = this.#events;
      this.#forget();
      events!.close(code === null ? null : netErrorOf(code));
    });
  }

  #forget(): void {
    this.#phase = 'closed';
    this.#events = null;
    this.#acceptor = null;
    this.#setup.onClosed(this);
  }

  // --------------------------------------------------------------------------------------------------------- options

  keepAlive(seconds: number): void {
    this.#life.check();
    this.#keepAlive?.stop();
    this.#keepAlive = null;
    if (seconds <= 0 || this.#isOver) return;
    this.#keepAlive = new KeepAlive(this.#life, seconds, {
      state: () => this.#peerState(),
      onReset: () => {
        if (!this.#gone) this.#onReset();
      },
      onTimeout: () => this.onGiveUp(),
    });
  }

  /** What a probe would find out. */
  #peerState(): 'alive' | 'silent' | 'unknown' {
    if (this.#out === null) return 'alive';
    if (!this.#out.link.open || !this.#in!.link.open) return 'silent';
    return this.#out.receiverGone ? 'unknown' : 'alive';
  }

  /** Without effect: nothing is held back here, and `coalesced` chunking shows what Nagle's algorithm can do. */
  noDelay(_enabled: boolean): void {
    this.#life.check();
  }

  #note(kind: number, value: number): void {
    this.#life.scheduler.note(this.#life.index, kind, this.number, value);
  }
}
