#!/usr/bin/env node
/**
 * The `resplica` command: redis-server's own forms of call, on the real host.
 *
 *   resplica [/path/to/redis.conf] [--option value ...] [-]
 *   resplica /path/to/sentinel.conf --sentinel, or resplica-sentinel /path/to/sentinel.conf
 *   resplica sim run|replay|view …: simulations, which nothing else loads
 *
 * This is the one place that knows about the process: arguments, standard streams, signals, exit codes, the pid file.
 */
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import { constants } from 'node:os';
import { basename } from 'node:path';
import { settingsOf } from './server/command-settings.ts';
import { CommandTable } from './server/command-table.ts';
import { parseCommandLine, type ServerStart } from './server/config/command-line.ts';
import { Config } from './server/config/config.ts';
import { ConfigError, REDIS_VERSION } from './server/config/config-error.ts';
import { expandProcessTitle } from './server/config/process-title.ts';
import { type Directives, loadConfiguration } from './server/config/grammar.ts';
import { unsupportedReasons } from './server/config/supported.ts';
import { createNodeHost } from './host/node/host.ts';
import { userLineCheck } from './server/acl/user-lines.ts';
import { type Crash, crashedBySignal, reportCrash } from './server/debug/crash-report.ts';
import { type CrashSignal, Debugging } from './server/debug/debugging.ts';
import { checkFile } from './server/persistence/check/check-file.ts';
import { ProgressBar } from './topology/progress-bar.ts';
import type { Terminal } from './simulation/cli/terminal.ts';
import type { Server } from './server/server.ts';
import { PLAIN_SHUTDOWN, type ShutdownRequest } from './server/shutdown.ts';
import { startUp } from './server/start-up.ts';
import { composeNode, serverFamilies } from './topology/compose.ts';
import { composeSentinel, openSentinel, sentinelCommands } from './topology/compose-sentinel.ts';

const VERSION_LINE = 'Redis server v=7.0.15 sha=00000000:0 malloc=libc bits=64 build=0';
const DAEMON_MARK = 'RESPLICA_DAEMON';
const DEFAULT_PIDFILE = '/var/run/redis.pid';

const USAGE = `Usage: resplica [/path/to/redis.conf] [options] [-]
       resplica - (read config from stdin)
       resplica -v or --version
       resplica -h or --help
       resplica /path/to/sentinel.conf --sentinel, or resplica-sentinel /path/to/sentinel.conf
       resplica --check FILE (what an RDB file or an append-only file holds)
       resplica sim run|replay|view (failures found in simulated worlds; resplica sim --help)

Examples:
       resplica (run the server with default conf)
       echo 'maxmemory 128mb' | resplica -
       resplica /etc/redis/6379.conf
       resplica --port 7777
       resplica --port 7777 --replicaof 127.0.0.1 8888
       resplica /etc/myredis.conf --loglevel verbose -

Sentinel mode:
       resplica /etc/sentinel.conf --sentinel
`;

function main(): void {
  const command = parseCommandLine(process.argv[1] ?? 'resplica', process.argv.slice(2), process.cwd());
  switch (command.kind) {
    case 'version':
      process.stdout.write(`${VERSION_LINE}\n`);
      return;
    case 'help':
      process.stderr.write(USAGE);
      process.exitCode = 1;
      return;
    case 'check-system':
      process.stdout.write('Nothing to check: the server runs inside Node.js.\n');
      return;
    case 'check':
      process.exitCode = check(command.path) ? 0 : 1;
      return;
    case 'test-memory':
      process.stderr.write('--test-memory is not supported: use a memory tester of your system.\n');
      process.exitCode = 1;
      return;
    case 'start':
      start(command);
  }
}

/** A configuration file of that name is called `./sim`. */
async function simulate(args: readonly string[]): Promise<void> {
  const { simulationCommand } = await import('./simulation/cli/main.ts');
  // Not exit(): what was written to a pipe may still be on its way.
  process.exitCode = simulationCommand(args, createTerminal());
}

function createTerminal(): Terminal {
  return {
    out: (text) => writeAll(1, text),
    error: (text) => writeAll(2, text),
    isWatched: process.stderr.isTTY === true,
    version: process.version,
    nowMs: Date.now,
    cpuMs: () => (process.cpuUsage().user + process.cpuUsage().system) / 1000,
    readFile: (path) => fs.readFileSync(path, 'utf8'),
    writeFile: (path, text) => fs.writeFileSync(path, text),
    readStdin: () => fs.readFileSync(0, 'utf8'),
    readViewer: () => {
      const built = new URL('./viewer.js', import.meta.url);
      // From source, the program of the page is that of the last build.
      return fs.readFileSync(fs.existsSync(built) ? built : new URL('../dist/viewer.js', import.meta.url), 'utf8');
    },
  };
}

/** Counts go to the standard output, the bar to the terminal. @returns whether the file is good. */
function check(path: string | null): boolean {
  if (path === null) {
    process.stderr.write('Usage: resplica --check FILE (an RDB file, an append-only file, or its manifest)\n');
    return false;
  }
  const { disk, clock, random, system } = createNodeHost({ log: () => {} });
  const config = new Config({ disk, workingDirectory: system.workingDirectory });
  const bar = new ProgressBar(process.stderr);
  const isGood = checkFile(
    {
      disk,
      clock,
      random,
      settings: settingsOf(config.values, new Debugging()),
      print: (line) => {
        bar.clear();
        writeOut(`${Buffer.from(line, 'latin1').toString()}\n`);
      },
      progress: (file, share) => bar.show(file, share),
    },
    path,
  );
  bar.clear();
  return isGood;
}

function start(command: ServerStart): void {
  let logFile = '';
  const write = (line: string): void => {
    if (logFile === '') writeOut(`${line}\n`);
    else appendToLog(logFile, `${line}\n`);
  };
  // A sentinel saves nothing, and Windows has no shell that could wait.
  const hasSaveProcess = !command.sentinel && process.platform !== 'win32';
  const host = createNodeHost({ log: write, ownsProcess: true, hasSaveProcess });
  let server: Server | null = null;
  const config = new Config({
    disk: host.disk,
    workingDirectory: process.cwd(),
    sentinel: command.sentinel,
    file: command.configFile,
    warn: (message) => server?.log.warning(message),
  });
  const directives = configure(config, command);
  if (config.values.logfile !== '') logFile = config.path(config.values.logfile);
  if (config.values.daemonize && process.env[DAEMON_MARK] === undefined) {
    daemonize();
    return;
  }
  // To be started while this process is still small.
  host.processes.saveProcess?.prepare();
  const exit = (code: number): void => process.exit(code);
  const started = (server = command.sentinel
    ? composeSentinel({ host, config, directives, exit })
    : composeNode({ host, config, directives }));
  const reasons = unsupportedReasons(config, directives);
  if (reasons.length > 0) {
    for (const reason of reasons) started.log.warning(reason);
    process.exit(1);
  }
  run(started, command);
}

function configure(config: Config, command: ServerStart): Directives {
  try {
    const stdin = command.readsStdin ? fs.readFileSync(0, 'latin1') : null;
    // Renames are tried out on a table of their own, so that a wrong one is reported with its line.
    const commands = new CommandTable(command.sentinel ? sentinelCommands : serverFamilies);
    const checks = {
      renameCommand: (from: string, to: string): string | null => commands.rename(from, to),
      user: userLineCheck(commands, config),
    };
    return loadConfiguration(config, { stdin, options: command.options }, checks);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return exitFor(error);
  }
}

function exitFor(error: ConfigError): never {
  const text = Buffer.from(error.message, 'latin1');
  if (error.channel === 'stderr') fs.writeSync(2, text);
  else writeOut(`${text.toString()}\n`);
  process.exit(1);
}

function run(server: Server, command: ServerStart): void {
  const { config } = server;
  const pidFile = config.values.pidfile || (config.values.daemonize ? DEFAULT_PIDFILE : '');
  server.shutdown.onReady = (request): void => exit(server, pidFile, request);
  server.shutdown.onFailure = (): void => process.exit(1);
  server.shutdown.savesInSlices = true;
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => onSignal(server, signal));
  // Windows has no SIGHUP to ignore, Node ignores SIGPIPE by itself.
  process.on('SIGHUP', () => {});
  watchForCrashes(server);
  const options = {
    anyPort: false,
    terminal: process.stdout.isTTY,
    withoutConfiguration:
      command.options === null && command.configFile === null ? (process.argv[1] ?? 'resplica') : null,
  };
  const open = command.sentinel ? openSentinel : startUp;
  open(server, options, (error) => {
    if (error instanceof ConfigError) exitFor(error);
    if (error !== null) process.exit(1);
    if (pidFile !== '') writePidFile(server, pidFile);
    if (config.values['set-proc-title']) keepTitle(config);
  });
}

/** The title as the configuration wants it. The system cuts it to the length of the command line. */
function keepTitle(config: Config): void {
  const show = (): null => {
    const title = expandProcessTitle(config.values['proc-title-template'], config.titleVariables(nameInTitle()));
    if (title !== null) process.title = title;
    return null;
  };
  show();
  for (const name of ['proc-title-template', 'port', 'bind'] as const) config.onChange(name, show);
}

/** What redis-server shows is the path that it was called by; so does this one where it has its name. */
function nameInTitle(): string {
  const program = process.argv[1] ?? '';
  return /^redis-(server|sentinel)$/.test(basename(program)) ? program : 'redis-server';
}

function onSignal(server: Server, signal: 'SIGTERM' | 'SIGINT'): void {
  const unixSeconds = Math.floor(Date.now() / 1000);
  if (signal === 'SIGINT' && server.shutdown.inProgress) {
    server.log.raw(`${process.pid}:signal-handler (${unixSeconds}) You insist... exiting now.`);
    server.persistence.saves.abandon();
    process.exit(1);
  }
  server.log.raw(`${process.pid}:signal-handler (${unixSeconds}) Received ${signal} scheduling shutdown...`);
  const wanted = server.config.values[signal === 'SIGTERM' ? 'shutdown-on-sigterm' : 'shutdown-on-sigint'];
  const asks = (word: 'save' | 'nosave' | 'now' | 'force'): boolean => (wanted as readonly string[]).includes(word);
  server.shutdown.signal({
    ...PLAIN_SHUTDOWN,
    save: asks('save'),
    nosave: asks('nosave'),
    now: asks('now'),
    force: asks('force'),
  });
}

/** Says in the log why the process ends, then lets it end as it would have. */
function watchForCrashes(server: Server): void {
  let isReported = false;
  const report = (crash: Crash): void => {
    if (isReported) return;
    isReported = true;
    reportCrash(server, crash);
  };
  const dieBy = (signal: CrashSignal): void => {
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  };
  server.debugging.crash = (crash, signal): void => {
    report(crash);
    dieBy(signal);
  };
  process.on('SIGABRT', () => {
    const stack = new Error('Stopped by a signal').stack ?? '';
    report({ what: [crashedBySignal(constants.signals.SIGABRT)], stack });
    dieBy('SIGABRT');
  });
  process.on('uncaughtExceptionMonitor', (error) => {
    report({ what: [`Redis ${REDIS_VERSION} crashed by an error: ${error.message}`], stack: error.stack ?? '' });
  });
}

function exit(server: Server, pidFile: string, _request: ShutdownRequest): void {
  if (pidFile !== '') fs.rmSync(pidFile, { force: true });
  server.close(() => process.exit(0));
}

function writePidFile(server: Server, path: string): void {
  try {
    fs.writeFileSync(path, `${process.pid}\n`);
  } catch (error) {
    server.log.warning(`Failed to write PID file: ${(error as Error).message}`);
  }
}

/** Starts the same command again without a terminal, and leaves it alone. */
function daemonize(): void {
  const child = spawn(process.execPath, [...process.execArgv, ...process.argv.slice(1)], {
    detached: true,
    stdio: 'ignore',
    env: { ...process.env, [DAEMON_MARK]: '1' },
  });
  child.unref();
}

function writeOut(text: string): void {
  try {
    fs.writeSync(1, text);
  } catch {
    // A closed or full pipe must not end the server.
  }
}

/** As much as there is, also to a pipe that is slow; nothing if nobody reads it. */
function writeAll(descriptor: number, text: string): void {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length;) {
    try {
      at += fs.writeSync(descriptor, bytes, at);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return;
    }
  }
}

function appendToLog(path: string, text: string): void {
  try {
    fs.appendFileSync(path, text);
  } catch {
    // As redis-server: a log that cannot be written is not written.
  }
}

if (process.argv[2] === 'sim') void simulate(process.argv.slice(3));
else main();
