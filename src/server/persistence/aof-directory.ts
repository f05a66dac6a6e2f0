/**
 * The files of the AOF on disk: the directory `appenddirname`, the manifest in it, and what the manifest names (aof.c).
 *
 * The manifest is replaced as a whole: it is written beside, synced, renamed, and the directory is synced. So whatever
 * happens, it names files that are there. A file is deleted only when no manifest on disk names it any more.
 */
import { bytesOf, latin1Of } from '../../core/latin1.ts';
import { type Disk, DiskError, type DiskFile } from '../../host/host.ts';
import { AofManifest, ManifestError, parseManifest } from '../../persistence/aof/manifest.ts';
import type { ConfigValues } from '../config/parameters.ts';
import { joinPath, pathOfBinary } from '../config/paths.ts';
import type { Server } from '../server.ts';

export class AofDirectory {
  readonly #server: Server;
  readonly #disk: Disk;
  readonly #values: ConfigValues;
  manifest = new AofManifest();

  constructor(server: Server, disk: Disk) {
    this.#server = server;
    this.#disk = disk;
    this.#values = server.config.values;
  }

  /** appendfilename, a binary string. */
  get prefix(): string {
    return this.#values.appendfilename;
  }

  get path(): string {
    return this.#server.config.path(this.#values.appenddirname);
  }

  get temporaryIncrement(): string {
    return `temp-${this.prefix}.incr`;
  }

  /** The path of a file of the directory. @param name a binary string. */
  pathOf(name: string): string {
    return joinPath(this.path, pathOfBinary(name));
  }

  /** @returns whether the directory is there. */
  make(): boolean {
    try {
      if (this.#disk.stat(this.path) === null) {
        this.#disk.makeDirectory(this.path);
        this.#disk.syncDirectory(this.#server.config.path('.'));
      }
      return true;
    } catch (error) {
      this.#warn(error, (reason) => `Can't open or create append-only dir ${this.#values.appenddirname}: ${reason}`);
      return false;
    }
  }

  // ------------------------------------------------------------------------------------------------------------ manifest

  /** Reads the manifest, if there is one. @returns what is wrong with it, or null. The log has the details. */
  load(): string | null {
    this.manifest = new AofManifest();
    const { log } = this.#server;
    const name = `${this.prefix}.manifest`;
    if (!this.#exists(this.path)) {
      log.debug(`The AOF directory ${this.#values.appenddirname} doesn't exist`);
      return null;
    }
    const path = this.pathOf(name);
    if (!this.#exists(path)) {
      log.debug(`The AOF manifest file ${name} doesn't exist`);
      return null;
    }
    try {
      const content = this.#disk.read(path)!;
      this.manifest = parseManifest(latin1Of(content, 0, content.length));
      return null;
    } catch (error) {
      if (error instanceof ManifestError) {
        for (const line of error.logLines) log.warning(line);
        return error.message;
      }
      return this.#warn(
        error,
        (reason) => `Fatal error: can't open the AOF manifest file ${path} for reading: ${reason}`,
      );
    }
  }

  /** Makes what a manifest says true on disk, if it has changed. @returns whether it is. */
  persist(manifest: AofManifest): boolean {
    if (!manifest.isDirty) return true;
    const name = `${this.prefix}.manifest`;
    const temporary = `temp-${name}`;
    const path = this.pathOf(name);
    const disk = this.#disk;
    let file: DiskFile | null = null;
    const steps: readonly [(reason: string) => string, () => void][] = [
      [
        (reason) => `Can't open the AOF manifest file ${temporary}: ${reason}`,
        () => (file = disk.open(this.pathOf(temporary), 'create')),
      ],
      [
        (reason) => `Error trying to write the temporary AOF manifest file ${temporary}: ${reason}`,
        () => file!.appendNow(bytesOf(manifest.print())),
      ],
      [(reason) => `Fail to fsync the temp AOF file ${temporary}: ${reason}.`, () => file!.syncNow()],
      [
        (reason) => `Error trying to rename the temporary AOF manifest file ${temporary} into ${name}: ${reason}`,
        () => disk.rename(this.pathOf(temporary), path),
      ],
      [(reason) => `Fail to fsync AOF directory ${path}: ${reason}.`, () => disk.syncDirectory(this.path)],
    ];
    for (const [describe, step] of steps) {
      if (!this.#attempt(step, describe)) {
        (file as DiskFile | null)?.close();
        return false;
      }
    }
    file!.close();
    manifest.isDirty = false;
    return true;
  }

  /** Takes over the one file of a server before 7.0, if it is there and nothing newer is. @returns false on failure. */
  upgrade(): boolean {
    const { manifest } = this;
    const old = this.#server.config.path(this.prefix);
    if (!this.#exists(old)) return true;
    const isAdopted =
      manifest.base?.name === this.prefix &&
      manifest.increments.length === 0 &&
      !this.#exists(this.pathOf(this.prefix));
    if (this.#exists(this.path) && !manifest.isEmpty && !isAdopted) return true;
    if (!this.make()) return false;
    manifest.adoptBase(this.prefix);
    if (!this.persist(manifest)) return false;
    const directory = this.#values.appenddirname;
    const moved = this.#attempt(
      () => this.#disk.rename(old, this.pathOf(this.prefix)),
      (reason) => `Error trying to move the old AOF file ${this.prefix} into dir ${directory}: ${reason}`,
    );
    if (!moved) return false;
    this.#server.log.notice(
      `Successfully migrated an old-style AOF file (${this.prefix}) into the AOF directory (${directory}).`,
    );
    return true;
  }

  /** Deletes the files that are history, unless they are to be kept. */
  removeHistory(): void {
    const { manifest } = this;
    if (this.#values['aof-disable-auto-gc'] || manifest.history.length === 0) return;
    const files = manifest.takeHistory();
    // Should the manifest fail to say so, the files stay: as long as it names them, they are there.
    if (!this.persist(manifest)) {
      manifest.history = files;
      return;
    }
    for (const { name } of files) {
      this.#server.log.notice(`Removing the history file ${name} in the background`);
      this.remove(this.pathOf(name));
    }
  }

  // --------------------------------------------------------------------------------------------------------------- files

  /** Deletes a file, if it is there. */
  remove(path: string): void {
    try {
      this.#disk.unlink(path);
    } catch (error) {
      if (!(error instanceof DiskError)) throw error;
    }
  }

  /** Gives a file another name. @returns why it could not be, or null. */
  rename(from: string, to: string): string | null {
    const { clock } = this.#server.host;
    const startUs = clock.monotonicUs();
    try {
      this.#disk.rename(from, to);
    } catch (error) {
      if (error instanceof DiskError) return error.message;
      throw error;
    }
    this.#server.latency.note('aof-rename', clock.monotonicUs() - startUs);
    return null;
  }

  /** Bytes of a file, 0 when they cannot be told, which the log then says. */
  sizeOf(name: string): number {
    return this.findSize(name) ?? 0;
  }

  /** Bytes of a file, or null, which the log explains. */
  findSize(name: string): number | null {
    const { clock } = this.#server.host;
    const startUs = clock.monotonicUs();
    let size: number | null = null;
    try {
      size = this.#disk.stat(this.pathOf(name))?.sizeBytes ?? null;
      if (size === null) this.#server.log.warning(unknownLength(name, 'No such file or directory'));
    } catch (error) {
      this.#warn(error, (reason) => unknownLength(name, reason));
    }
    this.#server.latency.note('aof-fstat', clock.monotonicUs() - startUs);
    return size;
  }

  #exists(path: string): boolean {
    try {
      return this.#disk.stat(path) !== null;
    } catch (error) {
      if (error instanceof DiskError) return false;
      throw error;
    }
  }

  #attempt(step: () => void, describe: (reason: string) => string): boolean {
    try {
      step();
      return true;
    } catch (error) {
      this.#warn(error, describe);
      return false;
    }
  }

  #warn(error: unknown, describe: (reason: string) => string): string {
    if (!(error instanceof DiskError)) throw error;
    const text = describe(error.message);
    this.#server.log.warning(text);
    return text;
  }
}

function unknownLength(name: string, reason: string): string {
  return `Unable to obtain the AOF file ${name} length. stat: ${reason}`;
}
