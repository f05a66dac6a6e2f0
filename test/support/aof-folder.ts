/** A temporary folder with an append-only file in it, made by hand or by a server. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeCommand } from '../../src/client/encode-command.ts';

export class AofFolder implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), 'aof-'));

  get directory(): string {
    return join(this.path, 'appendonlydir');
  }

  /** Files of the directory, in the order of their names. */
  get names(): string[] {
    return readdirSync(this.directory).sort();
  }

  get manifest(): string {
    return this.read('appendonly.aof.manifest');
  }

  read(name: string): string {
    return readFileSync(join(this.directory, name), 'latin1');
  }

  /** Puts files into the directory; a list of lines of words becomes commands. */
  write(files: Readonly<Record<string, string | readonly string[]>>): this {
    mkdirSync(this.directory, { recursive: true });
    for (const [name, content] of Object.entries(files)) {
      writeFileSync(
        join(this.directory, name),
        Buffer.from(typeof content === 'string' ? content : commands(content), 'latin1'),
      );
    }
    return this;
  }

  /** Puts a file into the folder itself. */
  writeBeside(name: string, content: readonly string[]): this {
    writeFileSync(join(this.path, name), Buffer.from(commands(content), 'latin1'));
    return this;
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** Commands, given as lines of words, as the file has them. */
export function commands(lines: readonly string[]): string {
  return Buffer.concat(lines.map((line) => encodeCommand(line.split(' ')))).toString('latin1');
}

export const BASE = 'appendonly.aof.1.base.aof';
export const INCREMENT = 'appendonly.aof.1.incr.aof';
export const MANIFEST = 'appendonly.aof.manifest';
export const BOTH = `file ${BASE} seq 1 type b\nfile ${INCREMENT} seq 1 type i\n`;
