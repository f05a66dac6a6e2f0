/**
 * A network of hosts on this machine: each has its own network, its own process ids and its own /etc/hosts, and all are
 * on one bridge. Nothing of it has a name outside, and it is gone with its processes.
 *
 *   await using lan = await Lan.create(['redis1', 'redis2']);
 *   const server = lan.host('redis1').start('redis-server', ['--port', '6379']);
 *   lan.client.run('redis-cli', ['-h', lan.host('redis1').ip, 'PING']);
 *
 * It needs the right to make namespaces; test/support/requires.ts knows who has it.
 */
import { execFile, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '../support/eventually.ts';

/** Reserved for tests of networks (RFC 2544): no machine that the tests may want to reach is there. */
const NETWORK = '198.18.0';
/** Nothing outlives a test that was killed by more than this. */
const LIFE_SECONDS = '600';
const STOP_TIMEOUT_MS = 15_000;

const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** A process on a host. */
export class HostProcess {
  readonly name: string;
  readonly #outer: ChildProcess;
  readonly #ended: Promise<void>;
  #log = '';
  #isOver = false;

  constructor(name: string, outer: ChildProcess) {
    this.name = name;
    this.#outer = outer;
    running.add(outer);
    const collect = (chunk: Buffer): void => void (this.#log += chunk.toString());
    outer.stdout?.on('data', collect);
    outer.stderr?.on('data', collect);
    this.#ended = new Promise((done) => {
      outer.once('close', () => {
        running.delete(outer);
        this.#isOver = true;
        done();
      });
    });
  }

  /** What it has printed. */
  get log(): string {
    return this.#log;
  }

  /** SIGTERM, then SIGKILL if that does not end it. */
  async stop(): Promise<void> {
    this.#signal('SIGTERM');
    const giveUp = setTimeout(() => this.#signal('SIGKILL'), STOP_TIMEOUT_MS);
    await this.#ended;
    clearTimeout(giveUp);
  }

  #signal(signal: NodeJS.Signals): void {
    if (this.#isOver) return;
    // nsenter waits for the program, which is its only child.
    for (const pid of childrenOf(this.#outer.pid!)) process.kill(pid, signal);
  }
}

export class Host {
  readonly name: string;
  readonly ip: string;
  /** For files of this host. */
  readonly folder: string;
  readonly #keeper: ChildProcess;
  readonly #processes: HostProcess[] = [];

  constructor(name: string, ip: string, folder: string, keeper: ChildProcess) {
    this.name = name;
    this.ip = ip;
    this.folder = folder;
    this.#keeper = keeper;
  }

  /** The first process of the host, by which others get in. */
  get pid(): number {
    const [pid] = childrenOf(this.#keeper.pid!);
    if (pid === undefined) throw new Error(`${this.name} is not there`);
    return pid;
  }

  get #inside(): string[] {
    return ['-t', String(this.pid), '-n', '-p', '-m', '--'];
  }

  /** Starts a program that goes on. */
  start(program: readonly string[]): HostProcess {
    const child = spawn('nsenter', [...this.#inside, ...program], {
      cwd: this.folder,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const started = new HostProcess(program[0]!, child);
    this.#processes.push(started);
    return started;
  }

  /** Runs a program to its end. @returns what it printed, also if it failed. */
  run(program: readonly string[]): Promise<string> {
    const options = { cwd: this.folder, timeout: 10_000 };
    return new Promise((done) => {
      execFile('nsenter', [...this.#inside, ...program], options, (_, out, err) => done(out + err));
    });
  }

  /** As `run`, at once. @throws Error if it fails */
  command(line: string): void {
    const { status, stderr } = spawnSync('nsenter', [...this.#inside, 'sh', '-c', line], { encoding: 'utf8' });
    if (status !== 0) throw new Error(`On ${this.name}: ${line}: ${stderr}`);
  }

  /** Writes a file into the folder. @returns its path */
  write(name: string, lines: readonly string[]): string {
    const path = join(this.folder, name);
    writeFileSync(path, `${lines.join('\n')}\n`);
    return path;
  }

  read(name: string): string {
    return readFileSync(join(this.folder, name), 'utf8');
  }

  /** What every process of the host has printed. */
  get logs(): string {
    return this.#processes.map((each) => `--- ${this.name}: ${each.name}\n${each.log}`).join('\n');
  }
}

export class Lan implements AsyncDisposable {
  readonly #folder = mkdtempSync(join(tmpdir(), 'lan-'));
  readonly #keepers: ChildProcess[] = [];
  readonly #hosts = new Map<string, Host>();
  /** A further host, with the bridge in it. */
  client!: Host;

  /** Hosts get the addresses .2, .3, … in this order. */
  static async create(names: readonly string[]): Promise<Lan> {
    const lan = new Lan();
    try {
      lan.client = await lan.#add('client', `${NETWORK}.1`);
      lan.client.command('ip link add br0 type bridge && ip link set br0 up');
      lan.client.command(`ip addr add ${lan.client.ip}/24 dev br0`);
      for (const [index, name] of names.entries()) {
        const host = await lan.#add(name, `${NETWORK}.${index + 2}`);
        lan.#hosts.set(name, host);
        lan.#plugIn(host, index);
      }
      lan.#writeHosts();
      return lan;
    } catch (error) {
      await lan[Symbol.asyncDispose]();
      throw error;
    }
  }

  host(name: string): Host {
    const host = this.#hosts.get(name);
    if (host === undefined) throw new Error(`There is no host ${name}`);
    return host;
  }

  /** What happened, for the message of a failure. */
  get logs(): string {
    return [...this.#hosts.values()].map((host) => host.logs).join('\n');
  }

  async #add(name: string, ip: string): Promise<Host> {
    const folder = join(this.#folder, name);
    mkdirSync(folder);
    const words = ['--net', '--pid', '--fork', '--mount-proc', '--kill-child', 'sleep', LIFE_SECONDS];
    const keeper = spawn('unshare', words, { stdio: 'ignore' });
    running.add(keeper);
    this.#keepers.push(keeper);
    const host = new Host(name, ip, folder, keeper);
    await eventually(() => isApart(host.pid), { what: `${name} is there` });
    host.command('ip link set lo up');
    return host;
  }

  #plugIn(host: Host, index: number): void {
    const end = `port${index}`;
    // Process ids of other hosts are unknown within one: the cable is laid from outside.
    const line = `link add ${end} netns ${this.client.pid} type veth peer name eth0 netns ${host.pid}`;
    const made = spawnSync('ip', line.split(' '), { encoding: 'utf8' });
    if (made.status !== 0) throw new Error(`No cable to ${host.name}: ${made.stderr}`);
    this.client.command(`ip link set ${end} master br0 && ip link set ${end} up`);
    host.command(`ip addr add ${host.ip}/24 dev eth0 && ip link set eth0 up`);
  }

  #writeHosts(): void {
    const file = join(this.#folder, 'hosts');
    const lines = [...this.#hosts.values()].map(({ name, ip }) => `${ip} ${name}`);
    writeFileSync(file, `127.0.0.1 localhost\n${lines.join('\n')}\n`);
    for (const host of [...this.#hosts.values(), this.client]) host.command(`mount --bind ${file} /etc/hosts`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const keeper of this.#keepers) {
      const ended = new Promise((done) => keeper.once('close', done));
      // The first process of a host takes all others with it.
      for (const pid of childrenOf(keeper.pid!)) process.kill(pid, 'SIGKILL');
      await ended;
      running.delete(keeper);
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function childrenOf(pid: number): number[] {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
    return text === '' ? [] : text.split(' ').map(Number);
  } catch {
    return [];
  }
}

/** Whether a process is in a network of its own and has become the program that keeps it. */
function isApart(pid: number): boolean {
  return readFileSync(`/proc/${pid}/comm`, 'utf8').trim() === 'sleep';
}
