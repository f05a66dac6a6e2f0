/**
 * Which entries are shown: those whose group has its button pressed and that have all words of the query and none that it
 * leaves out with a `-`. Without a query, no text is made of any entry.
 */
import { describe, type Group } from './describe.ts';
import type { HistoryEntry } from '../history.ts';

/** These are many and tell little. */
const HIDDEN_AT_FIRST: readonly Group[] = ['stream', 'traffic', 'routine', 'log'];

export class Filter {
  readonly #entries: readonly HistoryEntry[];
  readonly #groups: readonly Group[];
  readonly #hidden = new Set<Group>(HIDDEN_AT_FIRST);
  #texts: readonly string[] | null = null;
  #query = '';
  #words: readonly string[] = [];
  /** By index of entry: 1 if it is shown. */
  readonly isShown: Uint8Array;
  /** Indices of what is shown. */
  shown: Int32Array = new Int32Array(0);

  constructor(entries: readonly HistoryEntry[], groups: readonly Group[]) {
    this.#entries = entries;
    this.#groups = groups;
    this.isShown = new Uint8Array(entries.length);
    this.#apply();
  }

  shows(group: Group): boolean {
    return !this.#hidden.has(group);
  }

  toggle(group: Group): void {
    if (!this.#hidden.delete(group)) this.#hidden.add(group);
    this.#apply();
  }

  /** Lets this entry be among what is shown. */
  reveal(index: number): void {
    if (this.isShown[index] === 1) return;
    this.#hidden.delete(this.#groups[index]!);
    if (!this.#matches(index)) this.#ask('');
    this.#apply();
  }

  get query(): string {
    return this.#query;
  }

  set query(text: string) {
    this.#ask(text);
    this.#apply();
  }

  #ask(text: string): void {
    this.#query = text;
    this.#words = text
      .toLowerCase()
      .split(/\s+/)
      .filter((word) => word !== '' && word !== '-');
  }

  #apply(): void {
    let count = 0;
    const shown = new Int32Array(this.#entries.length);
    for (let i = 0; i < this.#entries.length; i++) {
      const fits = !this.#hidden.has(this.#groups[i]!) && this.#matches(i);
      this.isShown[i] = fits ? 1 : 0;
      if (fits) shown[count++] = i;
    }
    this.shown = shown.subarray(0, count);
  }

  #matches(index: number): boolean {
    if (this.#words.length === 0) return true;
    this.#texts ??= this.#entries.map((entry) => `${entry.node} ${entry.kind} ${describe(entry)}`.toLowerCase());
    const text = this.#texts[index]!;
    return this.#words.every((word) => (word.startsWith('-') ? !text.includes(word.slice(1)) : text.includes(word)));
  }
}
