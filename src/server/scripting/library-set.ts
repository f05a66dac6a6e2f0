/** Libraries, and their functions by name: no two libraries have one of the same name. */
import { fail } from '../../core/errors.ts';
import type { Library, LibraryFunction } from './function-library.ts';

export class LibrarySet {
  readonly libraries = new Map<string, Library>();
  readonly functions = new Map<string, LibraryFunction>();

  /** Adds a library, in place of the one of the same name. Throws a ReplyError, and has changed nothing then. */
  add(library: Library): void {
    const replaced = this.libraries.get(library.name);
    const collision = [...library.functions.keys()].find(
      (name) => this.functions.has(name) && replaced?.functions.has(name) !== true,
    );
    if (collision !== undefined) fail(`ERR Function ${collision} already exists`);
    if (replaced !== undefined) this.remove(replaced);
    this.#link(library);
  }

  remove(library: Library): void {
    this.libraries.delete(library.name);
    for (const name of library.functions.keys()) this.functions.delete(name);
  }

  /** Takes over the libraries of another set, all of them or, after a ReplyError, none. */
  join(others: LibrarySet, replaces: boolean): void {
    const replaced = [...others.libraries.keys()].flatMap((name) => this.libraries.get(name) ?? []);
    if (!replaces && replaced.length > 0) fail(`ERR Library ${replaced[0]!.name} already exists`);
    for (const library of replaced) this.remove(library);
    const collision = [...others.functions.keys()].find((name) => this.functions.has(name));
    if (collision !== undefined) {
      for (const library of replaced) this.#link(library);
      fail(`ERR Function ${collision} already exists`);
    }
    for (const library of others.libraries.values()) this.#link(library);
  }

  #link(library: Library): void {
    this.libraries.set(library.name, library);
    for (const added of library.functions.values()) this.functions.set(added.name, added);
  }
}
