/** Runs the fixtures on our configuration; the twin test runs them on redis-server. */
import type { Disk } from '../../../src/host/host.ts';
import { parseCommandLine } from '../../../src/server/config/command-line.ts';
import { Config } from '../../../src/server/config/config.ts';
import { loadConfiguration, type DirectiveChecks } from '../../../src/server/config/grammar.ts';
import { parameters } from '../../../src/server/config/parameters.ts';
import { forcedLine, rewriteConfigText } from '../../../src/server/config/rewrite.ts';
import type { MemoryDisk } from './memory-disk.ts';
import { DEFAULT_USER, type RewriteCase } from './fixtures/rewrite-cases.ts';
import type { StartCase } from './fixtures/start-cases.ts';

export const localClient = { isLocal: true, loading: false };

/** Answers for the commands and the wrong rule that the fixtures use. */
const checks: DirectiveChecks = {
  renameCommand(from, to) {
    if (!['get', 'DEBUG'].includes(from)) return 'No such command in rename-command';
    return to === 'set' ? 'Target command name already exists' : null;
  },
  user: (args) => (args.at(-1)!.startsWith('%') ? { index: 0, reason: 'Syntax error' } : null),
};

/** Starts as the command line says. Throws a ConfigError where the start is refused. */
export function startConfig(start: StartCase, disk: Disk, workingDirectory: string): Config {
  const command = parseCommandLine('/usr/bin/redis-server', start.args, workingDirectory);
  if (command.kind !== 'start') throw new Error(`The command line asks for ${command.kind}`);
  const { sentinel, configFile, readsStdin, options } = command;
  const config = new Config({ disk, workingDirectory, sentinel, file: configFile });
  loadConfiguration(config, { stdin: readsStdin ? (start.stdin ?? '') : null, options }, checks);
  return config;
}

/** What differs from the defaults, without port and second names. */
export function changedParameters(config: Config, workingDirectory: string): Record<string, string> {
  const changed = parameters.filter(({ name, initial }) => {
    const usual = name === 'dir' ? workingDirectory : initial.text;
    return name !== 'port' && config.text(name) !== usual;
  });
  return Object.fromEntries(changed.map(({ name }) => [name, config.text(name)]));
}

export function runRewrite(row: RewriteCase, disk: MemoryDisk): string {
  disk.write('/srv/r.conf', row.file);
  disk.write('/srv/sub.conf', 'timeout 9\n');
  disk.write('/srv/users.acl', '');
  const config = startConfig({ args: ['r.conf'] }, disk, '/srv');
  if (row.set) {
    const error = config.set(row.set, localClient);
    if (error !== null) throw new Error(error);
  }
  const users = config.values.aclfile === '' ? [...row.users, DEFAULT_USER] : [];
  const userLines = users.map((line) => forcedLine('user', line));
  return rewriteConfigText(row.onDisk ?? row.file, config, userLines);
}
