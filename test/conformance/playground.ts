/**
 * The folders in which the suite runs.
 *
 * `Playground` holds one unpacked copy of the suite as a template. Every unit gets a fresh copy of it, because the
 * suite empties its own `tests/tmp` when it starts, and two units run at a time. In that copy, `src/redis-server` is
 * a small script that becomes the server under test (`exec`, so that the process id is the server's), and the tools
 * are links to the system's. The suite itself stays as Redis ships it; only the sentinel and cluster suites, which
 * have no option for it, get other base ports.
 *
 * Paths are kept short: the suite puts unix sockets below `tests/tmp`, and their paths end at 107 bytes.
 */
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync } from 'node:fs';
import { rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { ensureBuilt, projectRoot } from '../support/project.ts';
import { MissingPrerequisite, unpackSource } from './source.ts';
import { listUnits, type Suite, type Unit } from './suites.ts';

const TOOLS = ['redis-cli', 'redis-benchmark', 'redis-check-aof', 'redis-check-rdb'];
/** Between the base ports of the sentinels and of the servers of one unit. */
const SENTINEL_PORTS = 200;

export class Playground {
  readonly #root = mkdtempSync(join(tmpdir(), 'rs-'));
  #copies = 0;
  #version = '';

  /** Unpacks the suite and prepares the server command. Throws MissingPrerequisite with advice. */
  async prepare(source: string | undefined, server: string | undefined): Promise<void> {
    requireTcl();
    const template = this.#template();
    this.#version = unpackSource(source, template);
    const command = server === undefined ? await this.#ownServer() : absoluteCommand(server);
    linkTools(template);
    writeScript(join(template, 'src/redis-server'), `exec ${command} "$@"`);
    writeScript(join(template, 'src/redis-sentinel'), `exec ${command} "$@" --sentinel`);
    mkdirSync(join(template, 'tests/tmp'), { recursive: true });
    mkdirSync(join(template, 'tests/sentinel/tmp'), { recursive: true });
    mkdirSync(join(template, 'tests/cluster/tmp'), { recursive: true });
  }

  /** The version of Redis whose suite this is. */
  get version(): string {
    return this.#version;
  }

  units(suite: Suite): string[] {
    return listUnits(this.#template(), suite);
  }

  /** A fresh folder for one run of one unit, whose servers may take ports from `basePort` on. */
  copy(unit: Unit, basePort: number): string {
    const folder = join(this.#root, String(++this.#copies));
    cpSync(this.#template(), folder, { recursive: true, verbatimSymlinks: true });
    if (unit.suite !== 'unit') moveBasePorts(join(folder, 'tests/instances.tcl'), basePort);
    return folder;
  }

  discard(folder: string): void {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }

  /** Removes everything. Idempotent. */
  close(): void {
    this.discard(this.#root);
  }

  #template(): string {
    return join(this.#root, 't');
  }

  /** A copy of the build, so that a build during a long run does not change the server under test. */
  async #ownServer(): Promise<string> {
    await ensureBuilt();
    const folder = join(this.#root, 'server');
    cpSync(join(projectRoot, 'dist'), join(folder, 'dist'), { recursive: true });
    cpSync(join(projectRoot, 'package.json'), join(folder, 'package.json'));
    symlinkSync(join(projectRoot, 'node_modules'), join(folder, 'node_modules'));
    return `${quote(process.execPath)} ${quote(join(folder, 'dist/cli.js'))}`;
  }
}

/** Makes the words that name a file here absolute, since the suite calls the command from its own folder. */
export function absoluteCommand(command: string, folder: string = process.cwd()): string {
  const words = command.split(/\s+/).filter((word) => word !== '');
  if (words.length === 0) throw new MissingPrerequisite('--server needs a command.');
  // Some tests look for the path in the title of the process.
  const program = words[0]!.includes('/') ? null : findProgram(words[0]!);
  if (program !== null) words[0] = program;
  const isFile = (word: string): boolean => word.includes('/') && existsSync(resolve(folder, word));
  return words.map((word) => quote(isFile(word) ? resolve(folder, word) : word)).join(' ');
}

export function findProgram(name: string): string | null {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    if (folder !== '' && existsSync(join(folder, name))) return join(folder, name);
  }
  return null;
}

function requireTcl(): void {
  if (['tclsh8.5', 'tclsh8.6', 'tclsh8.7'].every((name) => findProgram(name) === null)) {
    throw new MissingPrerequisite("Redis' test suite needs Tcl 8.5 to 8.7 (Debian: apt-get install tcl).");
  }
}

function linkTools(folder: string): void {
  for (const tool of TOOLS) {
    const program = findProgram(tool);
    if (program === null) throw new MissingPrerequisite(`${tool} is missing (Debian: apt-get install redis-tools).`);
    symlinkSync(program, join(folder, 'src', tool));
  }
}

function moveBasePorts(file: string, basePort: number): void {
  const text = readFileSync(file, 'utf8');
  const moved = text
    .replace(/^set ::sentinel_base_port .*$/m, `set ::sentinel_base_port ${basePort}`)
    .replace(/^set ::redis_base_port .*$/m, `set ::redis_base_port ${basePort + SENTINEL_PORTS}`);
  writeFileSync(file, moved);
}

function writeScript(path: string, body: string): void {
  writeFileSync(path, `#!/bin/sh\n${body}\n`);
  chmodSync(path, 0o755);
}

function quote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
