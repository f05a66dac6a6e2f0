/**
 * Libraries, and their functions by name: no two libraries have one of the same name. Functions are found in capital and
 * small letters alike, libraries are not.
 */
import { fail } from '../../core/errors.ts';
import type { Library, LibraryFunction } from './function-library.ts';

export class LibrarySet {
  readonly libraries = new Map<string, Library>();
  /** By their names in small letters. */
  readonly #functions = new Map<string, LibraryFunction>();

  get functionCount(): number {
    return this.#functions.size;
  }

  find(name: string): LibraryFunction | null {
    return this.#functions.get(name.toLowerCase()) ?? null;
  }

  /** Adds a library, in place of the one of the same name. Throws a ReplyError, and has changed nothing then. */
  add(library: Library): void {
    const replaced = this.libraries.get(library.name);
    if (replaced !== undefined) this.remove(replaced);
    const collision = this.#collision(library);
    if (collision === null) this.#link(library);
    else {
      if (replaced !== undefined) this.#link(replaced);
      fail(collision);
    }
  }

  remove(library: Library): void {
    this.libraries.delete(library.name);
    for (const name of library.functions.keys()) this.#functions.delete(name.toLowerCase());
  }

  /** Takes over the libraries of another set, all of them or, after a ReplyError, none. */
  join(others: LibrarySet, replaces: boolean): void {
    const replaced = [...others.libraries.keys()].flatMap((name) => this.libraries.get(name) ?? []);
    if (!replaces && replaced.length > 0) fail(`ERR Library ${replaced[0]!.name} already exists`);
    for (const library of replaced) this.remove(library);
    for (const library of others.libraries.values()) {
      const collision = this.#collision(library);
      if (collision === null) continue;
      for (const kept of replaced) this.#link(kept);
      fail(collision);
    }
    for (const library of others.libraries.values()) this.#link(library);
  }

  /** Why a library cannot be added, or null. */
  #collision(library: Library): string | null {
    for (const name of library.functions.keys()) {
      if (this.find(name) !== null) return `ERR Function ${name} already exists`;
    }
    return null;
  }

  #link(library: Library): void {
    this.libraries.set(library.name, library);
    for (const added of library.functions.values()) this.#functions.set(added.name.toLowerCase(), added);
  }
}
