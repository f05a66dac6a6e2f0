/** A line that grows, for people at a terminal; elsewhere nothing is written. */
interface Terminal {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

const BAR_CELLS = 30;

export class ProgressBar {
  readonly #terminal: Terminal;
  #shown = '';

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  /** @param share 0 to 1 */
  show(label: string, share: number): void {
    if (this.#terminal.isTTY !== true) return;
    const done = Math.round(Math.min(1, share) * BAR_CELLS);
    const bar = `[${'#'.repeat(done)}${'.'.repeat(BAR_CELLS - done)}] ${Math.floor(Math.min(1, share) * 100)} %`;
    const line = `${bar} ${label}`.slice(0, (this.#terminal.columns ?? 80) - 1);
    if (line === this.#shown) return;
    this.#terminal.write(`\r${line}\u001b[K`);
    this.#shown = line;
  }

  clear(): void {
    if (this.#shown !== '') this.#terminal.write('\r\u001b[K');
    this.#shown = '';
  }
}
