/** The source of a script as the debugger lists it, and the breakpoints in it. */
const BREAKPOINTS_MAX = 64;
const NUMBER_WIDTH = 3;

export class DebugSource {
  readonly #lines: readonly string[];
  /** Lines, in the order in which they were added. */
  readonly breakpoints: number[] = [];
  /** Where the script is. */
  line = 0;

  /** @param source binary string. */
  constructor(source: string) {
    const text = source.replace(/[\r\n]+$/, '');
    this.#lines = text === '' ? [] : text.split('\n');
  }

  get isFull(): boolean {
    return this.breakpoints.length === BREAKPOINTS_MAX;
  }

  /** @returns false if there is no such line, or a breakpoint on it. */
  addBreakpoint(line: number): boolean {
    if (line <= 0 || line > this.#lines.length || this.breakpoints.includes(line)) return false;
    this.breakpoints.push(line);
    return true;
  }

  /** @returns whether there was one. */
  removeBreakpoint(line: number): boolean {
    const at = this.breakpoints.indexOf(line);
    if (at >= 0) this.breakpoints.splice(at, 1);
    return at >= 0;
  }

  show(line: number): string {
    const text = this.#lines[line - 1] ?? '<out of range source code line>';
    const arrow = line === this.line ? '->' : '  ';
    const sign = this.breakpoints.includes(line) ? '#' : ' ';
    return `${arrow}${sign}${String(line).padEnd(NUMBER_WIDTH)} ${text}`;
  }

  /** The lines around one, as many on both sides. */
  list(around: number, context: number): string[] {
    const last = Math.min(this.#lines.length, around + context);
    const lines: string[] = [];
    for (let line = Math.max(1, around - context); line <= last; line++) lines.push(this.show(line));
    return lines;
  }
}
