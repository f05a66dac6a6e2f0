/** What the debugger has to say to its client: lines, which leave together as an array of statuses. */
const TRIMMED = "<hint> The above reply was trimmed. Use 'maxlen 0' to disable trimming.";
const BYTES_MAX_DEFAULT = 256;
const BYTES_MAX_LEAST = 60;

export class DebugLog {
  #lines: string[] = [];
  /** Values and replies are cut after so many bytes; 0: never. */
  bytesMax = BYTES_MAX_DEFAULT;
  #hasHinted = false;

  get isEmpty(): boolean {
    return this.#lines.length === 0;
  }

  add(line: string): void {
    this.#lines.push(line);
  }

  addTrimmed(line: string): void {
    const isTooLong = this.bytesMax > 0 && line.length > this.bytesMax;
    this.add(isTooLong ? `${line.slice(0, this.bytesMax)} ...` : line);
    if (!isTooLong || this.#hasHinted) return;
    this.#hasHinted = true;
    this.add(TRIMMED);
  }

  /** The client knows how to say it from here on. */
  limit(bytes: number): void {
    this.#hasHinted = true;
    this.bytesMax = bytes === 0 ? 0 : Math.max(bytes, BYTES_MAX_LEAST);
  }

  /** The lines so far as a reply; they are forgotten. */
  take(): Buffer {
    const lines = this.#lines.map((line) => `+${line.replace(/[\r\n]/g, ' ')}\r\n`);
    this.#lines = [];
    return Buffer.from(`*${lines.length}\r\n${lines.join('')}`, 'latin1');
  }
}
