import { spawnSync } from 'node:child_process';
import { getSystemErrorMap } from 'node:util';
import { describe, expect, it } from 'vitest';
import { diskErrorOf, errorText, netErrorOf } from '../../src/host/error-texts.ts';
import { DiskError } from '../../src/host/host.ts';
import { diskError, netError } from '../../src/host/node/errors.ts';
import { itWith } from '../support/requires.ts';

describe('texts', () => {
  // Perl's $! is strerror.
  itWith('perl', 'are the C library’s own', () => {
    const wrong: string[] = [];
    let compared = 0;
    for (const [number, [name]] of getSystemErrorMap()) {
      const ours = errorText(name);
      // Errors of name resolution have no errno.
      if (ours === undefined || name.startsWith('EAI_') || number < -200) continue;
      const { stdout } = spawnSync('perl', ['-e', `$! = ${-number}; print "$!"`], { env: { LC_ALL: 'C' } });
      compared++;
      if (stdout.toString() !== ours) wrong.push(`${name}: ${ours} instead of ${stdout.toString()}`);
    }
    expect(wrong).toEqual([]);
    expect(compared).toBeGreaterThan(30);
  });

  it('are not looked up in the prototype', () => {
    expect(errorText('toString')).toBeUndefined();
  });
});

describe('errors of the network', () => {
  it('keep their code and get the C library’s text', () => {
    const error = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:1'), { code: 'ECONNREFUSED' });
    expect(netError(error)).toEqual(netErrorOf('ECONNREFUSED'));
  });

  it('become the nearest code of the closed set', () => {
    expect(netError({ code: 'ENETUNREACH' })).toEqual({ code: 'EHOSTUNREACH', message: 'Network is unreachable' });
    expect(netError({ code: 'EAI_AGAIN' })).toMatchObject({ code: 'ENOTFOUND' });
    expect(netError({ code: 'EPROTO' })).toEqual({ code: 'EUNKNOWN', message: 'Protocol error' });
    expect(netError(new Error('something else'))).toEqual({ code: 'EUNKNOWN', message: 'something else' });
    expect(netError(undefined)).toEqual({ code: 'EUNKNOWN', message: 'Unknown error' });
  });

  it('of several addresses are the last one’s', () => {
    const errors = [{ code: 'ENETUNREACH' }, { code: 'ECONNREFUSED' }];
    expect(netError(new AggregateError(errors))).toEqual(netErrorOf('ECONNREFUSED'));
  });
});

describe('errors of the disk', () => {
  it('keep their code and get the C library’s text', () => {
    const error = diskError(Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' }));
    expect(error).toBeInstanceOf(DiskError);
    expect([error.code, error.message]).toEqual(['ENOSPC', 'No space left on device']);
    expect(diskError(error)).toBe(error);
    expect(diskErrorOf('EIO').message).toBe('Input/output error');
  });

  it('outside the closed set keep their text', () => {
    const error = diskError({ code: 'EMFILE' });
    expect([error.code, error.message]).toEqual(['EUNKNOWN', 'Too many open files']);
  });
});
