/** The world around `resplica sim`: where it prints, its files, its clock. The command line itself gives the real ones. */
export interface Terminal {
  out(text: string): void;
  /** Beside what is asked for: progress and complaints. */
  error(text: string): void;
  /** Whether somebody watches, so that a line of progress can be written over. */
  readonly isWatched: boolean;
  nowMs(): number;
  /** Processor time used so far. */
  cpuMs(): number;
  /** @throws what the system throws */
  readFile(path: string): string;
  writeFile(path: string, text: string): void;
  readStdin(): string;
  /** Of Node. */
  readonly version: string;
  /** The program of the page, as the build leaves it. @throws if there is none */
  readViewer(): string;
}

/** What was asked for cannot be understood; the text says why. */
export class UsageError extends Error {
  constructor(text: string) {
    super(text);
    this.name = 'UsageError';
  }
}
