/** The programs of a deployment: configuration files as the page has them, processes on hosts, what they say. */
import assert from 'node:assert/strict';
import { eventually } from '../support/eventually.ts';
import type { Host, HostProcess, Lan } from './lan.ts';

/** What stands in for redis-server and redis-sentinel: the words in front of the configuration file. */
export interface Binaries {
  readonly server: readonly string[];
}

export const REAL: Binaries = { server: ['redis-server'] };

const PATIENCE_MS = 60_000;

export function startServer(binaries: Binaries, host: Host, lines: readonly string[]): HostProcess {
  const file = host.write('redis.conf', ['port 6379', `dir ${host.folder}`, ...lines]);
  return startAgain(binaries, host, file);
}

/** From the file as it is now. */
export function startAgain(binaries: Binaries, host: Host, file = `${host.folder}/redis.conf`): HostProcess {
  return host.start([...binaries.server, file]);
}

export function startSentinel(binaries: Binaries, host: Host, lines: readonly string[]): HostProcess {
  const file = host.write('sentinel.conf', ['port 26379', `dir ${host.folder}`, ...lines]);
  return startSentinelAgain(binaries, host, file);
}

export function startSentinelAgain(binaries: Binaries, host: Host, file = `${host.folder}/sentinel.conf`): HostProcess {
  return host.start([...binaries.server, file, '--sentinel']);
}

export function startHaProxy(host: Host, lines: readonly string[]): HostProcess {
  const defaults = ['global', '  maxconn 100', 'defaults', '  mode tcp', '  timeout connect 3s'];
  return host.start(['haproxy', '-db', '-f', host.write('haproxy.cfg', [...defaults, ...lines])]);
}

/** An address that floats: it is where HAProxy runs, on the host of the highest priority. */
export function startKeepalived(host: Host, address: string, priority: number): HostProcess {
  const file = host.write('keepalived.conf', [
    'global_defs {',
    '  enable_script_security',
    '  script_user root',
    '}',
    'vrrp_script haproxy {',
    '  script "/usr/bin/env pidof haproxy"',
    '  interval 1',
    '  weight 2',
    '}',
    'vrrp_instance redis {',
    '  interface eth0',
    '  state BACKUP',
    '  virtual_router_id 51',
    `  priority ${priority}`,
    '  advert_int 1',
    '  virtual_ipaddress {',
    `    ${address}`,
    '  }',
    '  track_script {',
    '    haproxy',
    '  }',
    '}',
  ]);
  const pids = ['-p', `${host.folder}/keepalived.pid`, '-r', `${host.folder}/vrrp.pid`];
  return host.start(['keepalived', '--dont-fork', '--log-console', '--vrrp', '-f', file, ...pids]);
}

/** Each send is answered before the next one. */
export function stepByStepCheck(password: string): string[] {
  return [
    '  option tcp-check',
    `  tcp-check send AUTH\\ ${password}\\r\\n`,
    '  tcp-check expect string +OK',
    '  tcp-check send PING\\r\\n',
    '  tcp-check expect string +PONG',
    '  tcp-check send info\\ replication\\r\\n',
    '  tcp-check expect string role:master',
    '  tcp-check send QUIT\\r\\n',
    '  tcp-check expect string +OK',
  ];
}

/** Asks a server or a sentinel, from a machine that is none of the hosts. */
export class Cli {
  readonly #lan: Lan;
  readonly #login: readonly string[];

  constructor(lan: Lan, password: string) {
    this.#lan = lan;
    this.#login = ['-a', password, '--no-auth-warning'];
  }

  async server(host: string, ...command: string[]): Promise<string> {
    return this.at(host, 6379, ...command);
  }

  async at(host: string, port: number, ...command: string[]): Promise<string> {
    const words = ['redis-cli', '-h', host, '-p', String(port), ...this.#login, ...command];
    return (await this.#lan.client.run(words)).trim();
  }

  /** Sentinels have no password. */
  async sentinel(host: string, ...command: string[]): Promise<string> {
    return (await this.#lan.client.run(['redis-cli', '-h', host, '-p', '26379', ...command])).trim();
  }
}

/** Waits until a text is as it should be; the error shows the text, and what all processes have printed. */
export async function untilText(lan: Lan, what: string, look: () => Promise<string>, wanted: RegExp): Promise<string> {
  let text = '';
  const check = async (): Promise<boolean> => {
    text = await look();
    return wanted.test(text);
  };
  try {
    await eventually(check, { what, timeoutMs: PATIENCE_MS, everyMs: 250 });
  } catch (error) {
    throw new Error(`${(error as Error).message}\nlast seen:\n${text}\n${lan.logs}`, { cause: error });
  }
  return text;
}

export function mustMatch(text: string, ...patterns: readonly RegExp[]): void {
  for (const pattern of patterns) assert.match(text, pattern);
}
