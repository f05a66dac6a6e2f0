import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DiskError } from '../../src/host/host.ts';
import { configFileProblem } from '../../src/sentinel/attach.ts';
import { eventually } from '../support/eventually.ts';
import { startOwnSentinel } from '../support/own-sentinel.ts';
import { describeWith } from '../support/requires.ts';

describe('the file of a sentinel', () => {
  const problem = (file: string | null, error: DiskError | null = null): string | null => {
    const open = (): { close(): void } => {
      if (error !== null) throw error;
      return { close: () => {} };
    };
    return configFileProblem({ config: { file }, host: { disk: { open } } } as unknown as Parameters<
      typeof configFileProblem
    >[0]);
  };

  it('has to be there and to be writable', () => {
    expect(problem(null)).toBe('Sentinel needs config file on disk to save state. Exiting...');
    expect(problem('/etc/sentinel.conf')).toBeNull();
    expect(problem('/etc/sentinel.conf', new DiskError('EACCES', 'Permission denied'))).toBe(
      'Sentinel config file /etc/sentinel.conf is not writable: Permission denied. Exiting...',
    );
  });
});

describeWith('sh', 'the scripts of a sentinel', () => {
  it('are found below its directory, and told what happened', async () => {
    await using sentinel = await startOwnSentinel('sentinel deny-scripts-reconfig no');
    await using client = await sentinel.connect();
    await client.call('SENTINEL', 'MONITOR', 'm', '127.0.0.1', '1', '2');
    const script = join(sentinel.folder, 'notify');
    writeFileSync(script, '#!/bin/sh\necho "$1|$2" >> told\n', { mode: 0o755 });
    expect(await client.call('SENTINEL', 'SET', 'm', 'notification-script', 'notify')).toBe('OK');
    const told = (): string => readFileSync(join(sentinel.folder, 'told'), 'utf8');
    const expected = '+set|master m 127.0.0.1 1 notification-script notify\n';
    await eventually(() => told() === expected, { what: 'the script has run', timeoutMs: 30_000 });
    const isOver = async (): Promise<boolean> => String(await client.call('SENTINEL', 'PENDING-SCRIPTS')) === '';
    await eventually(isOver, { what: 'it has ended', timeoutMs: 30_000 });
  });

  it('wait when they have failed, and are shown', async () => {
    await using sentinel = await startOwnSentinel('sentinel deny-scripts-reconfig no');
    await using client = await sentinel.connect();
    await client.call('SENTINEL', 'MONITOR', 'm', '127.0.0.1', '1', '2');
    writeFileSync(join(sentinel.folder, 'fails'), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
    await client.call('SENTINEL', 'SET', 'm', 'notification-script', 'fails');
    const jobs = async (): Promise<unknown> => client.call('SENTINEL', 'PENDING-SCRIPTS');
    const hasFailed = async (): Promise<boolean> => /scheduled.*"retry-num","1"/.test(JSON.stringify(await jobs()));
    await eventually(hasFailed, { what: 'the script has failed', timeoutMs: 30_000 });
    const payload = 'master m 127.0.0.1 1 notification-script fails';
    expect(await jobs()).toEqual([
      [
        'argv',
        ['fails', '+set', payload],
        'flags',
        'scheduled',
        'pid',
        '0',
        'run-delay',
        expect.any(String),
        'retry-num',
        '1',
      ],
    ]);
  });
});
