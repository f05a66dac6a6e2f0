// Which servers a run compares.
//
// By default the first is ours, built from src when dist is stale, and the second redis-server; js-redis-server, the
// nearest peer, joins where `npm install --no-save js-redis-server` has put it. `--ours`, `--a` and `--b` put any other
// command in their place. A command is one line: NAME=value environment, then a program with its arguments, quoted as in
// a shell but expanded by none; `{port}` stands for the port, and where it is missing `--port N` is appended.

import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import type { Options } from './arguments.ts';

export const REPOSITORY = path.resolve(import.meta.dirname, '..');

export interface Contestant {
  name: string;
  command: string;
  /** The share of the usual requests that it is given: a slow peer would otherwise take most of the run's time. */
  effort: number;
}

export interface CommandLine {
  argv: string[];
  env: Record<string, string>;
}

const ASSIGNMENT = /^([A-Za-z_]\w*)=(.*)$/s;

/** Words as a shell splits them: blanks separate, single and double quotes and backslashes protect. */
export function splitWords(text: string): string[] {
  const words: string[] = [];
  for (const match of text.matchAll(/(?:[^\s'"\\]|\\.|'[^']*'|"(?:[^"\\]|\\.)*")+/gs)) {
    words.push(
      match[0].replaceAll(/'([^']*)'|"((?:[^"\\]|\\.)*)"|\\(.)/gs, (_, single, double, bare) => {
        if (single !== undefined) return single as string;
        return bare !== undefined ? (bare as string) : (double as string).replaceAll(/\\(["\\])/g, '$1');
      }),
    );
  }
  return words;
}

export function parseCommand(command: string, port: number): CommandLine {
  const words = splitWords(command).map((word) => word.replaceAll('{port}', String(port)));
  const program = words.findIndex((word) => !ASSIGNMENT.test(word));
  if (program === -1) throw new Error(`no program in the command: ${command}`);
  const env: Record<string, string> = {};
  for (const word of words.slice(0, program)) {
    const [, name, value] = ASSIGNMENT.exec(word)!;
    env[name!] = value!;
  }
  const argv = words.slice(program);
  return { env, argv: command.includes('{port}') ? argv : [...argv, '--port', String(port)] };
}

/** The servers of this run: the first is the one whose ratio to the others is printed. */
export function chooseContestants(options: Options): Contestant[] {
  if (options.compare) {
    return [
      { name: 'a', command: options.a ?? ourCommand(options), effort: 1 },
      { name: 'b', command: options.b ?? redisCommand(), effort: 1 },
    ];
  }
  const contestants = [
    { name: 'resplica', command: ourCommand(options), effort: 1 },
    { name: 'redis-server', command: redisCommand(), effort: 1 },
  ];
  const peer = peerCommand();
  if (peer !== null && options.peer) contestants.push({ name: 'js-redis-server', command: peer, effort: 0.1 });
  return contestants;
}

function ourCommand(options: Options): string {
  if (options.ours !== null) return options.ours;
  if (options.build) buildIfStale();
  return `node ${quote(path.join(REPOSITORY, 'dist/cli.js'))} --port {port} --save ''`;
}

function redisCommand(): string {
  return `redis-server --port {port} --save ''`;
}

function peerCommand(): string | null {
  try {
    const main = createRequire(import.meta.url).resolve('js-redis-server');
    return `node ${quote(path.join(path.dirname(main), 'cli.js'))} --port {port}`;
  } catch {
    return null;
  }
}

function quote(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

function buildIfStale(): void {
  const built = path.join(REPOSITORY, 'dist/cli.js');
  const source = path.join(REPOSITORY, 'src');
  if (!existsSync(path.join(source, 'cli.ts')))
    throw new Error('there is no src/cli.ts to build; name a server with --ours');
  if (existsSync(built) && statSync(built).mtimeMs >= newestIn(source)) return;
  process.stderr.write('dist is older than src: building\n');
  execFileSync('npm', ['run', 'build', '--silent'], { cwd: REPOSITORY, stdio: ['ignore', 'inherit', 'inherit'] });
}

function newestIn(folder: string): number {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return Math.max(...files.map((entry) => statSync(path.join(entry.parentPath, entry.name)).mtimeMs));
}
