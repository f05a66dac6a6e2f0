/**
 * Collects the JavaScript of a chunk, such that everything stands on the line that it has in the Lua source.
 *
 * The engine's stack trace then tells the line of each Lua function that is running, at no cost while nothing fails.
 */
export class Emitter {
  readonly #parts: string[] = [];
  #line = 1;

  write(text: string): void {
    this.#parts.push(text);
  }

  /** Goes down to a line; what stands above it already stays where it is. */
  moveTo(line: number): void {
    if (line <= this.#line) return;
    this.#parts.push('\n'.repeat(line - this.#line));
    this.#line = line;
  }

  /** A place that is written later. @returns its handle. */
  reserve(): number {
    return this.#parts.push('') - 1;
  }

  fill(place: number, text: string): void {
    this.#parts[place] = text;
  }

  toString(): string {
    return this.#parts.join('');
  }
}
