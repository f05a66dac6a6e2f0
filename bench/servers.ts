// Starts a server process, waits until it serves, and ends it.
//
// Only processes started here are ever ended, by their own process id; if this process dies first, they go with it.

import { spawn, type ChildProcess } from 'node:child_process';
import net from 'node:net';
import { ask } from './client.ts';
import { parseCommand, REPOSITORY, type Contestant } from './contestants.ts';
import { pinned, type Pinning } from './pinning.ts';
import type { Run } from './run.ts';

const START_TIMEOUT_MS = 30_000;
/** A start with a dataset, on a machine that is busy. */
const LOAD_TIMEOUT_MS = 600_000;
const LOADING_POLL_MS = 20;
const STOP_TIMEOUT_MS = 5_000;
const OUTPUT_LIMIT_CHARS = 4_000;

export interface Server {
  name: string;
  port: number;
  pid: number;
  /** From just before the process was spawned until the first PONG. */
  readyMs: number;
  stop(): Promise<void>;
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = net.createServer();
    probe.on('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as net.AddressInfo;
      probe.close(() => resolve(port));
    });
  });
}

export async function startServerProcess(contestant: Contestant, pinning: Pinning | null): Promise<Server> {
  const port = await freePort();
  const { argv, env } = parseCommand(contestant.command, port);
  const [program, ...args] = pinned(argv, pinning?.serverCore ?? null);
  const start = performance.now();
  const child = spawn(program!, args, {
    cwd: REPOSITORY,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  child.once('exit', () => process.off('exit', kill));
  const output = collectOutput(child);
  try {
    await untilPong(child, port, output);
  } catch (error) {
    kill();
    throw new Error(`${contestant.name} (${argv.join(' ')}): ${(error as Error).message}`, { cause: error });
  }
  const readyMs = performance.now() - start;
  return { name: contestant.name, port, pid: child.pid!, readyMs, stop: () => stop(child) };
}

/** The last of what the process wrote, for the message when it fails to start. */
function collectOutput(child: ChildProcess): () => string {
  let tail = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      tail = (tail + chunk.toString()).slice(-OUTPUT_LIMIT_CHARS);
    });
  }
  return () => tail.trim();
}

async function untilPong(child: ChildProcess, port: number, output: () => string): Promise<void> {
  let failure: Error | null = null;
  child.once('error', (error) => {
    failure = error;
  });
  child.once('exit', (code, signal) => {
    failure ??= new Error(`ended with ${signal ?? code} before it served: ${output()}`);
  });
  const start = performance.now();
  for (let limitMs = START_TIMEOUT_MS; performance.now() - start < limitMs;) {
    if (failure !== null) throw failure;
    try {
      if ((await ask(port, 'PING')) === 'PONG') return;
    } catch (error) {
      const isLoading = (error as Error).message.includes('LOADING');
      if (isLoading) limitMs = LOAD_TIMEOUT_MS;
      await new Promise((resolve) => setTimeout(resolve, isLoading ? LOADING_POLL_MS : 1));
    }
  }
  throw new Error(`no PONG in time: ${output()}`);
}

function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    child.once('exit', () => {
      clearTimeout(timer);
      resolve();
    });
    child.kill('SIGTERM');
  });
}

/** Starts all, or none, and stops them whatever `use` does. */
export async function withServers<Result>(
  run: Run,
  use: (servers: readonly Server[]) => Promise<Result>,
): Promise<Result> {
  const servers: Server[] = [];
  try {
    for (const contestant of run.contestants) servers.push(await startServerProcess(contestant, run.pinning));
    return await use(servers);
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
  }
}

/** The same with one server, for modes that need a fresh process each time. */
export async function withServer<Result>(
  run: Run,
  contestant: Contestant,
  use: (server: Server) => Promise<Result>,
): Promise<Result> {
  return await withServers({ ...run, contestants: [contestant] }, ([server]) => use(server!));
}

/** Leaves out the peers that do not start here; the first two contestants must. */
export async function startable(contestants: readonly Contestant[]): Promise<Contestant[]> {
  const able = contestants.slice(0, 2);
  for (const peer of contestants.slice(2)) {
    try {
      await (await startServerProcess(peer, null)).stop();
      able.push(peer);
    } catch (error) {
      process.stderr.write(`left out: ${(error as Error).message}\n`);
    }
  }
  return able;
}
