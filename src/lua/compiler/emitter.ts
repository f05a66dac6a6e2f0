/**
 * Collects the JavaScript of a chunk, such that everything stands on the line that it has in the Lua source.
 *
 * The engine's stack trace then tells the line of each Lua function that is running, at no cost while nothing fails.
 */
export class Emitter {
  readonly #parts: string[] = [];
  /** Where the next text will stand, both from 1. */
  line = 1;
  column = 1;

  /** @param text without line ends. */
  write(text: string): void {
    this.#parts.push(text);
    this.column += text.length;
  }

  /** Goes down to a line; what stands above it already stays where it is. */
  moveTo(line: number): void {
    if (line <= this.line) return;
    this.#parts.push('\n'.repeat(line - this.line));
    this.line = line;
    this.column = 1;
  }

  toString(): string {
    return this.#parts.join('');
  }
}
