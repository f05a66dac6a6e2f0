import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { absoluteCommand } from './playground.ts';

describe('the server command', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'command-'));
    mkdirSync(join(folder, 'dist'));
    writeFileSync(join(folder, 'dist/cli.js'), '');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('names files absolutely, because the suite calls it from another folder', () => {
    expect(absoluteCommand('./node dist/cli.js --port 1', folder)).toBe(
      `'./node' '${folder}/dist/cli.js' '--port' '1'`,
    );
  });

  it('finds a program on the path', () => {
    expect(absoluteCommand('node --version', folder)).toMatch(/^'\/.*\/node' '--version'$/);
  });

  it('leaves words that name no file', () => {
    expect(absoluteCommand('no-such-program --x a/b', folder)).toBe("'no-such-program' '--x' 'a/b'");
  });

  it('survives quotes', () => {
    expect(absoluteCommand("it's", folder)).toBe(`'it'\\''s'`);
  });

  it('is refused when empty', () => {
    expect(() => absoluteCommand('  ', folder)).toThrow(/--server/);
  });
});
