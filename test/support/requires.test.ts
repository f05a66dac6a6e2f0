import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { describeWith, findProblem } from './requires.ts';

describe('the search for a real program', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'requires-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  function install(name: string, output: string, mode = 0o755): void {
    writeFileSync(join(folder, name), `#!/bin/sh\necho '${output}'\n`);
    chmodSync(join(folder, name), mode);
  }

  it('says what is missing and which package brings it', () => {
    expect(findProblem(['haproxy'], folder)).toBe('haproxy is not installed (Debian: apt-get install haproxy)');
  });

  it('does not take a file that cannot be executed for a program', () => {
    install('haproxy', '', 0o644);
    expect(findProblem(['haproxy'], folder)).toMatch(/not installed/);
  });

  it('refuses a name that it does not know, so that a typing error cannot skip tests', () => {
    expect(() => findProblem(['redis-serve'], folder)).toThrow(/add it/);
  });

  it('knows files of the system', () => {
    expect(findProblem([folder])).toBe(null);
    expect(findProblem([join(folder, 'full')])).toBe(`this system has no ${join(folder, 'full')}`);
  });

  describeWith('sh', 'and its version', () => {
    it('takes redis-server 7.0', () => {
      install('redis-server', 'Redis server v=7.0.15 sha=0:0 malloc=jemalloc bits=64');
      expect(findProblem(['redis-server'], folder)).toBe(null);
    });

    it('takes no other redis-server', () => {
      install('redis-server', 'Redis server v=6.2.7 sha=0:0 malloc=jemalloc bits=64');
      expect(findProblem(['redis-server'], folder)).toMatch(/another version: Redis server v=6.2.7/);
    });

    it('finds the first problem of several programs', () => {
      install('haproxy', '');
      expect(findProblem(['haproxy', 'tclsh'], folder)).toMatch(/^tclsh is not installed/);
    });
  });
});
