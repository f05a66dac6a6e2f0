/** What the rest of a server asks its replica side: the connection to the master, and what it knows of it. */
export type MasterPhase = 'none' | 'connect' | 'connecting' | 'handshake' | 'sync' | 'connected';

/** A snapshot on its way here. */
export interface TransferProgress {
  /** 0 while it is not known. */
  readonly totalBytes: number;
  readonly readBytes: number;
  /** Unix time in ms when bytes last came. */
  readonly lastIoMs: number;
}

export interface MasterConnection {
  readonly phase: MasterPhase;
  /** Offset of the last command that was executed, of the link or of the one that was lost; null without either. */
  readonly appliedOffset: number | null;
  /** Offset of the last byte that came. */
  readonly readOffset: number | null;
  /** Database in which the master's next command runs; null without a link. */
  readonly database: number | null;
  /** Whether there is a link over which the stream comes. */
  readonly isConnected: boolean;
  /** Unix time in ms of the last byte on the link. */
  readonly lastIoMs: number;
  /** Unix time in ms since when there has been no link; 0 if there was none yet. */
  readonly downSinceMs: number;
  readonly transfer: TransferProgress | null;
  /** Begins to connect to the master of the state. */
  connect(): void;
  /** Ends the link or the attempt. What is needed to go on from here is kept. */
  disconnect(): void;
  /** Keeps our own place in the history, to go on from there with a new master. */
  keepOwnPlace(): void;
  /** Forgets the place from which to go on. */
  forgetPlace(): void;
  /** The server is a master now, for good. */
  retire(): void;
  sendAck(): void;
  /** Once a second. */
  tick(nowMs: number): void;
}
