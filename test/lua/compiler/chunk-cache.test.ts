import { expect, it } from 'vitest';
import { ChunkCache } from '../../../src/lua/compiler/chunk-cache.ts';
import { Engine } from '../../../src/lua/engine.ts';

it('compiles a source once, whoever runs it', () => {
  const cache = new ChunkCache();
  const chunk = cache.compile('return 1 + 1', 'user_script');
  expect(cache.compile('return 1 + 1', 'user_script')).toBe(chunk);
  expect(new Engine().bind(chunk)()).toBe(2);
  expect(new Engine().bind(chunk)()).toBe(2);
});

it('keeps chunks of different names apart', () => {
  const cache = new ChunkCache();
  expect(cache.compile('return 1', 'a')).not.toBe(cache.compile('return 1', 'b'));
});

it('forgets what was not asked for longest', () => {
  const cache = new ChunkCache(60);
  const first = cache.compile(`return ${'1'.padStart(10)}`, 'a');
  const second = cache.compile(`return ${'2'.padStart(10)}`, 'a');
  expect(cache.compile(`return ${'1'.padStart(10)}`, 'a')).toBe(first);
  cache.compile(`return ${'3'.padStart(20)}`, 'a');
  expect(cache.size).toBe(2);
  expect(cache.compile(`return ${'1'.padStart(10)}`, 'a')).toBe(first);
  expect(cache.compile(`return ${'2'.padStart(10)}`, 'a')).not.toBe(second);
});

it('keeps nothing without room', () => {
  const cache = new ChunkCache(0);
  expect(cache.compile('return 1', 'a')).not.toBe(cache.compile('return 1', 'a'));
  expect(cache.size).toBe(0);
});
