/**
 * The libraries of functions of a server (functions.c), with their engine. They are part of the dataset: they stand in
 * snapshots, append-only files and the stream of changes.
 */
import { fail, ReplyError } from '../../core/errors.ts';
import type { Engine } from '../../lua/engine.ts';
import { STATE_KILOBYTES } from '../../lua/library/base.ts';
import { decodeFunctions, encodeFunctions } from '../../persistence/rdb/function-library.ts';
import { corrupt, RdbError } from '../../persistence/rdb/rdb-error.ts';
import type { Server } from '../server.ts';
import { type Library, type LibraryFunction, readLibraryHeader } from './function-library.ts';
import { LibraryLoader } from './library-loader.ts';
import { LibrarySet } from './library-set.ts';

export type RestorePolicy = 'append' | 'replace' | 'flush';

export class FunctionLibraries {
  readonly #server: Server;
  readonly #newEngine: () => Engine;
  #set = new LibrarySet();
  #loader: LibraryLoader | null = null;

  constructor(server: Server, newEngine: () => Engine) {
    this.#server = server;
    this.#newEngine = newEngine;
  }

  get #libraryLoader(): LibraryLoader {
    return (this.#loader ??= new LibraryLoader(this.#server, this.#newEngine()));
  }

  /** What runs the functions. */
  get engine(): Engine {
    return this.#libraryLoader.engine;
  }

  /** INFO used_memory_vm_functions. */
  get engineBytes(): number {
    return this.#loader === null ? 0 : STATE_KILOBYTES * 1024;
  }

  get libraries(): readonly Library[] {
    return [...this.#set.libraries.values()];
  }

  get libraryCount(): number {
    return this.#set.libraries.size;
  }

  get functionCount(): number {
    return this.#set.functionCount;
  }

  get usedBytes(): number {
    let bytes = 0;
    for (const library of this.#set.libraries.values()) bytes += library.usedBytes;
    return bytes;
  }

  find(name: string): LibraryFunction | null {
    return this.#set.find(name);
  }

  /** FUNCTION LOAD. Throws a ReplyError. @returns the library's name. */
  create(source: string, replaces: boolean, isLimited: boolean): string {
    return this.#createIn(this.#set, source, replaces, isLimited);
  }

  #createIn(set: LibrarySet, source: string, replaces: boolean, isLimited: boolean): string {
    const { name, body } = readLibraryHeader(source);
    if (!replaces && set.libraries.has(name)) fail(`ERR Library '${name}' already exists`);
    set.add(this.#libraryLoader.load(name, source, body, isLimited));
    return name;
  }

  /** FUNCTION DELETE. @returns false if there is no such library. */
  delete(name: string): boolean {
    const library = this.#set.libraries.get(name);
    if (library !== undefined) this.#set.remove(library);
    return library !== undefined;
  }

  /** FUNCTION DUMP. */
  dump(): Buffer {
    return encodeFunctions(this.sources(), this.#server.config.values.rdbcompression);
  }

  /** FUNCTION RESTORE, of a payload whose seal was looked at. Throws a ReplyError. */
  restore(payload: Buffer, policy: RestorePolicy): void {
    const set = new LibrarySet();
    for (const source of decode(payload)) this.#createIn(set, source.toString('latin1'), false, false);
    if (policy === 'flush') this.#set = set;
    else this.#set.join(set, policy === 'replace');
  }

  // -------------------------------------------------------------------------------------------------------- persistence

  sources(): Uint8Array[] {
    return this.libraries.map(({ source }) => Buffer.from(source, 'latin1'));
  }

  load(source: Buffer, replaces: boolean): void {
    try {
      this.create(source.toString('latin1'), replaces, false);
    } catch (error) {
      if (!(error instanceof ReplyError)) throw error;
      corrupt(`Failed loading library, ${error.text.replace(/^ERR /, '')}`);
    }
  }

  clear(): void {
    this.#set = new LibrarySet();
  }
}

function decode(payload: Buffer): Buffer[] {
  try {
    return decodeFunctions(payload);
  } catch (error) {
    if (!(error instanceof RdbError)) throw error;
    return fail(`ERR ${error.message}`);
  }
}
