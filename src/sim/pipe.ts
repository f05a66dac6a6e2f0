/**
 * One direction of a connection: a reliable, ordered stream of bytes from one kernel to the other, with the buffers and
 * windows that make it push back.
 *
 *     write -> [unsent] -> [in flight] -> [received] -> data
 *               kernel of the sender       kernel of the receiver
 *
 * The sender's kernel takes bytes while unsent + unacknowledged ones fit its send buffer; it sends while what is in
 * flight + not yet read fits the receiver's window. Acknowledgements travel on the opposite link: when that one is cut,
 * data still arrives but the sender's buffer fills and it stalls too. They are bookkept, not scheduled: an event is
 * spent on one only while the sender waits for room.
 *
 * A packet that gets lost is sent again, at intervals that double, and all that was sent before that comes with it: a
 * sender repeats what is not acknowledged together. So a burst of small packets needs one lucky try, not one for each.
 *
 * A packet that meets a cut waits. When the path opens again it does not arrive at once but at the sender's next
 * retransmission, whose intervals have doubled meanwhile. After GIVE_UP_US the sender gets ETIMEDOUT.
 *
 * The pipe keeps private copies of all bytes, so it may hand out slices of them and scribble over those afterwards.
 */
import { QueueEntry } from '../host/event-queue.ts';
import type { Random } from '../host/host.ts';
import type { Chunker } from './chunking.ts';
import { LARGEST_CHUNK_BYTES } from './chunking.ts';
import { Fifo } from './fifo.ts';
import { FIRST_RETRANSMISSION_US, GIVE_UP_US, type Link, nextRetransmissionUs, nextWaitUs } from './link.ts';
import type { Entry, Owner, Scheduler } from './scheduler.ts';

/** What a packet says. `established` is the last step of the handshake: the accepting side may now be told. */
export type SegmentKind = 'established' | 'data' | 'end' | 'reset';

/** One end of the connection, as its pipes see it. */
export interface PipeEnd {
  /** The kernel has forgotten the connection: whatever still arrives is answered with a reset. */
  readonly gone: boolean;
  /** Something arrived; of `data`, the bytes wait in the pipe. */
  onSegment(kind: SegmentKind): void;
  /** There may be room in the send buffer again. */
  onRoom(): void;
  /** No acknowledgement came for GIVE_UP_US. */
  onGiveUp(): void;
}

/** Hears of all that arrives, of whatever connection. Machines are told by their indices. */
export interface Tap {
  onArrival: ((stream: object, from: number, to: number, sentUs: number, bytes: Buffer) => void) | null;
}

export interface PipeSettings {
  readonly sendBufferBytes: number;
  readonly windowBytes: number;
  readonly chunker: Chunker;
  readonly random: Random;
  readonly tap: Tap;
}

interface Segment {
  readonly kind: SegmentKind;
  /** Of `data`: one piece, or several that arrive together. */
  readonly pieces: Buffer[];
  bytes: number;
  readonly sentUs: number;
  readonly arrivalUs: number;
}

interface Acknowledgement {
  readonly timeUs: number;
  readonly received: number;
  readonly read: number;
}

export class Pipe {
  readonly link: Link;
  readonly #back: Link;
  readonly #scheduler: Scheduler;
  readonly #settings: PipeSettings;
  /** Pipes of this network that wait for a path to open. */
  readonly #stalled: Set<Pipe>;
  #from!: PipeEnd;
  #to!: PipeEnd;

  readonly #unsent = new Fifo<Buffer>();
  #unsentBytes = 0;
  #endPending = false;
  #unacknowledgedBytes = 0;
  #windowUsedBytes = 0;

  readonly #inFlight = new Fifo<Segment>();
  #lastArrivalUs = 0;
  /** For how long the packet that is due has been lost, and how long its sender waits until the next try. */
  #lostForUs = 0;
  #waitUs = FIRST_RETRANSMISSION_US;
  /** When the last repeat of a lost packet was sent: what was sent until then has come with it. */
  #repeatedUs = -1;
  readonly #arrivalEntry: Entry;
  readonly #cutScratch: Buffer[] = [];

  readonly #received = new Fifo<Buffer>();
  #receivedBytes = 0;
  /** Bytes that the receiver has read during the arrival that is being handled, or -1 outside of one. */
  #readNow = -1;

  readonly #acknowledgements = new Fifo<Acknowledgement>();
  #lastAcknowledgementUs = 0;
  readonly #roomEntry: Entry;
  /** The application or the sender's kernel holds bytes back for want of room. */
  #waitsForRoom = false;
  /** What could not be acknowledged because the way back is cut. */
  #heldReceived = 0;
  #heldRead = 0;

  /** Nobody will send again what gets lost from now on: the sender reset the connection or has lost power. */
  #lastTry = false;
  /** A packet waits for the path to open. */
  #blocked = false;
  /** Since when the sender has been without an answer, or -1. */
  #silentSinceUs = -1;
  readonly #giveUpEntry: Entry;

  constructor(scheduler: Scheduler, stalled: Set<Pipe>, link: Link, back: Link, settings: PipeSettings) {
    this.link = link;
    this.#back = back;
    this.#scheduler = scheduler;
    this.#settings = settings;
    this.#stalled = stalled;
    this.#arrivalEntry = new QueueEntry<Owner | null>(null, () => this.#arrive());
    this.#roomEntry = new QueueEntry<Owner | null>(null, () => this.#onAcknowledged());
    this.#giveUpEntry = new QueueEntry<Owner | null>(null, () => this.#giveUp());
  }

  attach(from: PipeEnd, to: PipeEnd): void {
    this.#from = from;
    this.#to = to;
  }

  // --------------------------------------------------------------------------------------------------------- sending

  /** Copies what the send buffer has room for, from `offset` on. @returns the number of bytes taken. */
  offer(bytes: Uint8Array, offset: number): number {
    this.#collectAcknowledgements();
    const room = this.#settings.sendBufferBytes - this.#unsentBytes - this.#unacknowledgedBytes;
    const taken = Math.min(room, bytes.length - offset);
    if (taken <= 0) {
      this.#watchForRoom();
      return 0;
    }
    const copy = Buffer.allocUnsafe(taken);
    copy.set(offset === 0 && taken === bytes.length ? bytes : bytes.subarray(offset, offset + taken));
    this.#unsent.push(copy);
    this.#unsentBytes += taken;
    this.#transmit();
    if (taken < bytes.length - offset) this.#watchForRoom();
    return taken;
  }

  /** The sender has no more bytes; the other side learns it behind those that are under way. */
  end(): void {
    this.#endPending = true;
    this.#transmit();
  }

  establish(): void {
    this.#launch('established', [], 0);
  }

  /** Drops what has not left yet and tells the other side that the connection is no more. */
  reset(): void {
    this.#dropUnsent();
    this.#lastTry = true;
    if (this.#blocked) this.#abandonFlight();
    else this.#launch('reset', [], 0);
  }

  /** Nothing further may leave: the connection ended with an error, or the sender's machine lost power. */
  abort(): void {
    this.#dropUnsent();
    this.#forgetSilence();
    this.#lastTry = true;
    if (this.#blocked) this.#abandonFlight();
  }

  #dropUnsent(): void {
    this.#unsent.clear();
    this.#unsentBytes = 0;
    this.#endPending = false;
    this.#scheduler.cancel(this.#roomEntry);
  }

  /** Sends while the window is open. */
  #transmit(): void {
    while (this.#unsentBytes > 0) {
      const window = this.#settings.windowBytes - this.#windowUsedBytes;
      if (window <= 0) {
        this.#watchForRoom();
        return;
      }
      let bytes = this.#unsent.peek()!;
      if (bytes.length > window) {
        this.#unsent.replaceHead(bytes.subarray(window));
        bytes = bytes.subarray(0, window);
      } else this.#unsent.shift();
      this.#unsentBytes -= bytes.length;
      this.#sendPieces(bytes);
    }
    if (this.#endPending) {
      this.#endPending = false;
      this.#launch('end', [], 0);
    }
  }

  #sendPieces(bytes: Buffer): void {
    this.#unacknowledgedBytes += bytes.length;
    this.#windowUsedBytes += bytes.length;
    const { chunker } = this.#settings;
    if (chunker.mode === 'coalesced' && this.#joinLast(bytes)) return;
    const pieces = this.#cutScratch;
    chunker.cut(bytes, pieces);
    for (const piece of pieces) this.#launch('data', [piece], piece.length);
    pieces.length = 0;
  }

  #joinLast(bytes: Buffer): boolean {
    const last = this.#inFlight.last();
    if (last === undefined || last.kind !== 'data' || last.bytes + bytes.length > LARGEST_CHUNK_BYTES) return false;
    last.pieces.push(bytes);
    last.bytes += bytes.length;
    return true;
  }

  #launch(kind: SegmentKind, pieces: Buffer[], bytes: number): void {
    const nowUs = this.#scheduler.nowUs;
    const arrivalUs = Math.max(this.#lastArrivalUs, this.link.arrivalUs(nowUs, bytes + 40, this.#settings.random));
    this.#lastArrivalUs = arrivalUs;
    this.#inFlight.push({ kind, pieces, bytes, sentUs: nowUs, arrivalUs });
    if (this.#inFlight.size === 1) this.#scheduleArrival(arrivalUs);
  }

  #scheduleArrival(timeUs: number): void {
    this.#scheduler.schedule(this.#arrivalEntry, timeUs, this.link.to.index);
  }

  // ------------------------------------------------------------------------------------------------------- receiving

  get receiverGone(): boolean {
    return this.#to.gone;
  }

  get receivedBytes(): number {
    return this.#receivedBytes;
  }

  /** The next chunk for the application, which thereby has been read. */
  read(): Buffer | undefined {
    const bytes = this.#received.shift();
    if (bytes === undefined) return undefined;
    this.#receivedBytes -= bytes.length;
    if (this.#readNow >= 0) this.#readNow += bytes.length;
    else this.#acknowledge(0, bytes.length);
    return bytes;
  }

  discardReceived(): void {
    this.#received.clear();
    this.#receivedBytes = 0;
  }

  #arrive(): void {
    const segment = this.#inFlight.peek()!;
    if (!this.link.open) {
      this.#stall(segment.sentUs);
      return;
    }
    if (this.#isLost(segment)) {
      this.#lostForUs += this.#waitUs;
      this.#scheduleArrival(this.#scheduler.nowUs + this.#waitUs);
      this.#waitUs = nextWaitUs(this.#waitUs);
      return;
    }
    this.#inFlight.shift();
    const next = this.#inFlight.peek();
    if (next !== undefined) this.#scheduleArrival(next.arrivalUs);
    if (this.#to.gone) {
      if (segment.kind !== 'reset') this.#to.onSegment(segment.kind);
      return;
    }
    if (segment.kind !== 'data') {
      this.#hearAnswer();
      this.#to.onSegment(segment.kind);
      return;
    }
    const { pieces } = segment;
    const bytes = pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces);
    this.#settings.tap.onArrival?.(this, this.link.from.index, this.link.to.index, segment.sentUs, bytes);
    this.#received.push(bytes);
    this.#receivedBytes += segment.bytes;
    this.#readNow = 0;
    this.#to.onSegment('data');
    const read = this.#readNow;
    this.#readNow = -1;
    this.#acknowledge(segment.bytes, read);
  }

  /** Draws whether the packet that is due has got lost. If not, no repeat is under way any more. */
  #isLost({ sentUs }: Segment): boolean {
    if (sentUs > this.#repeatedUs && this.link.loses(this.#settings.random)) return true;
    if (this.#lostForUs > 0) this.#repeatedUs = sentUs + this.#lostForUs;
    this.#lostForUs = 0;
    this.#waitUs = FIRST_RETRANSMISSION_US;
    return false;
  }

  // ------------------------------------------------------------------------------------------------ acknowledgements

  #acknowledge(received: number, read: number): void {
    if (this.#from.gone && this.#unsentBytes === 0) return;
    if (!this.#back.open) {
      this.#heldReceived += received;
      this.#heldRead += read;
      this.#stalled.add(this);
      if (received > 0) this.#beSilent(this.#scheduler.nowUs);
      return;
    }
    this.#sendAcknowledgement(this.#scheduler.nowUs, received, read);
  }

  #sendAcknowledgement(sentUs: number, received: number, read: number): void {
    const timeUs = Math.max(this.#lastAcknowledgementUs, sentUs + this.#back.answerUs(this.#settings.random));
    this.#lastAcknowledgementUs = timeUs;
    this.#acknowledgements.push({ timeUs, received, read });
    if (received > 0) this.#hearAnswer();
    if (this.#waitsForRoom) this.#watchForRoom();
  }

  #collectAcknowledgements(): void {
    const nowUs = this.#scheduler.nowUs;
    for (;;) {
      const next = this.#acknowledgements.peek();
      if (next === undefined || next.timeUs > nowUs) return;
      this.#acknowledgements.shift();
      this.#unacknowledgedBytes -= next.received;
      this.#windowUsedBytes -= next.read;
    }
  }

  #watchForRoom(): void {
    this.#waitsForRoom = true;
    const next = this.#acknowledgements.peek();
    if (next === undefined || this.#roomEntry.queued) return;
    this.#scheduler.schedule(this.#roomEntry, next.timeUs, this.link.from.index);
  }

  #onAcknowledged(): void {
    this.#waitsForRoom = false;
    this.#collectAcknowledgements();
    this.#transmit();
    this.#from.onRoom();
  }

  // --------------------------------------------------------------------------------------------------- cuts and time

  #stall(sentUs: number): void {
    if (this.#lastTry) {
      this.#abandonFlight();
      return;
    }
    this.#blocked = true;
    this.#stalled.add(this);
    this.#beSilent(sentUs);
  }

  #beSilent(sinceUs: number): void {
    if (this.#silentSinceUs >= 0) return;
    this.#silentSinceUs = sinceUs;
    this.#scheduler.schedule(this.#giveUpEntry, sinceUs + GIVE_UP_US, this.link.from.index);
  }

  /** Something got through: the sender's patience starts anew. */
  #hearAnswer(): void {
    if (this.#silentSinceUs >= 0 && !this.#blocked && this.#heldReceived === 0) this.#forgetSilence();
  }

  #forgetSilence(): void {
    this.#silentSinceUs = -1;
    this.#scheduler.cancel(this.#giveUpEntry);
  }

  /** A cut was lifted or a machine came up somewhere: goes on if this pipe's way is open now. */
  retry(): void {
    const nowUs = this.#scheduler.nowUs;
    const sinceUs = this.#silentSinceUs >= 0 ? this.#silentSinceUs : nowUs;
    if (this.#blocked && this.link.open) {
      this.#blocked = false;
      const resentUs = nextRetransmissionUs(sinceUs, nowUs);
      const arrivalUs = resentUs + this.link.wayUs(this.#settings.random);
      this.#lastArrivalUs = Math.max(this.#lastArrivalUs, arrivalUs);
      this.#scheduleArrival(arrivalUs);
    }
    if (this.#heldReceived + this.#heldRead > 0 && this.#back.open) {
      const received = this.#heldReceived;
      const read = this.#heldRead;
      this.#heldReceived = 0;
      this.#heldRead = 0;
      this.#sendAcknowledgement(nextRetransmissionUs(sinceUs, nowUs), received, read);
    }
    if (!this.#blocked && this.#heldReceived + this.#heldRead === 0) this.#stalled.delete(this);
  }

  #giveUp(): void {
    this.#silentSinceUs = -1;
    this.#dropUnsent();
    if (this.#blocked) this.#abandonFlight();
    this.#from.onGiveUp();
  }

  #abandonFlight(): void {
    this.#blocked = false;
    this.#stalled.delete(this);
    this.#scheduler.cancel(this.#arrivalEntry);
    this.#inFlight.clear();
  }
}
