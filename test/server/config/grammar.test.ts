import { beforeEach, describe, expect, it } from 'vitest';
import { ConfigError, fatalConfigError } from '../../../src/server/config/config-error.ts';
import { Config } from '../../../src/server/config/config.ts';
import { loadConfiguration, type DirectiveChecks, type Directives } from '../../../src/server/config/grammar.ts';
import { unsupportedReasons } from '../../../src/server/config/supported.ts';
import { acceptedFiles, acceptedStarts } from './fixtures/accepted-starts.ts';
import { FATAL_HEAD, mistakes, refusedStarts } from './fixtures/refused-starts.ts';
import type { StartCase } from './fixtures/start-cases.ts';
import { MemoryDisk } from './memory-disk.ts';
import { changedParameters, startConfig } from './run-fixture.ts';

let disk: MemoryDisk;

beforeEach(() => {
  disk = new MemoryDisk();
});

function startIn(start: StartCase): Config {
  for (const [name, text] of Object.entries(start.files ?? {})) disk.write(`/srv/${name}`, text);
  return startConfig(start, disk, '/srv');
}

function errorOf(run: () => unknown): ConfigError {
  try {
    run();
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error('No ConfigError was thrown');
}

function load(text: string, checks?: DirectiveChecks, options: { sentinel?: boolean } = {}): [Config, Directives] {
  disk.write('/srv/r.conf', text);
  const config = new Config({ disk, workingDirectory: '/srv', file: '/srv/r.conf', ...options });
  return [config, loadConfiguration(config, { stdin: null, options: null }, checks)];
}

describe('a mistake in the configuration', () => {
  it.each(mistakes)('is reported with its line: %j, line %i', (text, line, reason) => {
    const error = errorOf(() => startIn({ files: { 'r.conf': text }, args: ['r.conf'] }));
    const shown = text.split('\n')[line - 1]!.trim();
    const place = `Reading the configuration file, at line ${line}\n>>> '${shown}'\n`;
    expect([error.channel, error.message]).toEqual(['stderr', `${FATAL_HEAD}${place}${reason}\n`]);
  });

  it.each(refusedStarts)('ends the start: $args $files', (start) => {
    const error = errorOf(() => startIn(start));
    const head = start.channel === 'stderr' ? FATAL_HEAD : '';
    expect([error.channel, error.message]).toEqual([start.channel, head + start.text]);
  });

  it('is reported for a file that may not be read', () => {
    disk.write('/srv/secret.conf', '');
    disk.forbidden.add('/srv/secret.conf');
    const error = errorOf(() => startIn({ files: { 'r.conf': 'include secret.conf' }, args: ['r.conf'] }));
    expect(error.message).toBe("Fatal error, can't open config file 'secret.conf': Permission denied");
  });

  it('is reported for a file that includes itself', () => {
    expect(errorOf(() => startIn({ files: { 'r.conf': 'include r.conf' }, args: ['r.conf'] })).message).toBe(
      `${FATAL_HEAD}Reading the configuration file, at line 1\n>>> 'include r.conf'\nToo many nested includes\n`,
    );
  });
});

describe('a configuration without mistakes', () => {
  it.each(acceptedFiles)('is read from a file: %j', (text, shown) => {
    expect(changedParameters(startIn({ files: { 'r.conf': text }, args: ['r.conf'] }), '/srv')).toEqual(shown);
  });

  it.each(acceptedStarts)('is read from several sources: $args $files', ({ shown, ...start }) => {
    expect(changedParameters(startIn(start), '/srv')).toEqual(shown);
  });

  it('creates the log file, as Redis does to test it', () => {
    startIn({ files: { 'r.conf': 'logfile out.log' }, args: ['r.conf'] });
    expect(disk.text('/srv/out.log')).toBe('');
  });

  it('is read from more than 100 000 lines', () => {
    const [config] = load(`${'# comment\n\n  \n'.repeat(50_000)}timeout 5\n`);
    expect(config.values.timeout).toBe(5);
  });
});

describe('directives that are not parameters', () => {
  it('are handed over in the order of their lines', () => {
    const [, directives] = load(
      [
        'rename-command GET ""',
        'RENAME-COMMAND set "a b"',
        'user bob on ">a b" ~*',
        'user bob',
        'loadmodule /x.so 1 "2 3"',
        'mod.limit 1 2',
        'mod.limit 3',
      ].join('\n'),
    );
    expect(directives).toEqual({
      renamedCommands: [
        { from: 'GET', to: '' },
        { from: 'set', to: 'a b' },
      ],
      users: [['bob', 'on', '>a b', '~*'], ['bob']],
      modules: [{ path: '/x.so', args: ['1', '2 3'] }],
      moduleParameters: new Map([['mod.limit', '3']]),
      sentinel: [],
    });
  });

  it('can be refused by who they are for', () => {
    const user = (): { index: number; reason: string } => ({ index: 1, reason: 'no such rule' });
    expect(errorOf(() => load('\nuser bob %', { user })).message).toBe(
      `${FATAL_HEAD}Reading the configuration file, at line 2\n>>> 'user bob %'\nError in user declaration 'bob': no such rule\n`,
    );
  });

  it('keep the error of a long user line within the buffer that Redis has for it', () => {
    const user = (): { index: number; reason: string } => ({ index: 1, reason: 'long' });
    const { message } = errorOf(() => load(`user ${'b'.repeat(2000)}`, { user }));
    expect(message.split('\n').at(-2)).toBe(`Error in user declaration '${'b'.repeat(996)}`);
  });

  it('reach sentinel with their place, and a bare sentinel is only a mark', () => {
    const [, { sentinel }] = load('sentinel\n\n SENTINEL monitor m  127.0.0.1 1 2 \n', {}, { sentinel: true });
    expect(sentinel).toEqual([
      { number: 3, text: 'SENTINEL monitor m  127.0.0.1 1 2', args: ['monitor', 'm', '127.0.0.1', '1', '2'] },
    ]);
    expect(fatalConfigError(sentinel[0]!, 'Invalid port number.').message).toBe(
      `${FATAL_HEAD}Reading the configuration file, at line 3\n>>> '${sentinel[0]!.text}'\nInvalid port number.\n`,
    );
  });
});

describe('what the server cannot do', () => {
  function refusals(text: string): string[] {
    return unsupportedReasons(...load(text));
  }

  it('stops the start with a clear text', () => {
    expect(refusals('tls-port 7001')[0]).toContain('TLS is not supported');
    expect(refusals('tls-replication yes')[0]).toContain('TLS is not supported');
    expect(refusals('tls-cluster yes')[0]).toContain('TLS is not supported');
    expect(refusals('loadmodule /x.so')).toEqual([
      'Module /x.so failed to load: modules are not supported',
      "Can't load module from /x.so: server aborting",
    ]);
    expect(refusals('foo.bar 1')).toEqual([
      'Module Configuration detected without loadmodule directive or no ApplyConfig call: aborting',
    ]);
  });

  it('is nothing that can be accepted without harm', () => {
    const harmless = 'io-threads 4\nsyslog-enabled yes\nsupervised systemd\ntls-cert-file x\ndisable-thp no\n';
    expect(refusals(harmless)).toEqual([]);
  });
});
