/** Tables: the order of next, and where they end (src/lua/table.ts): what redis-server makes of each. */
import { describe, expect, it } from 'vitest';
import { evaluate, type Evaluated } from './evaluate.ts';

describe('length', () => {
  it.each<[string, Evaluated]>([
    ['return {#{1, nil, 3}, #{nil, nil, 3}, #{1, 2, nil, nil}, #{}, #{n = 1}}', [3, 3, 2, 0, 0]],
    ['local t = {} t[1] = 1 t[2] = 2 t[4] = 4 return #t', 4],
    ['local t = {1, 2, 3} t[#t] = nil return #t', 2],
    ['local t = {} for i = 1, 10 do t[i] = i end t[5] = nil return #t', 10],
  ])('%j', (source, reply) => {
    expect(evaluate(source)).toEqual(reply);
  });
});

describe('order', () => {
  it.each<[string, Evaluated]>([
    ['local r = {} for k in pairs({a = 1, b = 2, c = 3, d = 4}) do r[#r + 1] = k end return r', ['a', 'd', 'c', 'b']],
    [
      'local r = {} for k in pairs({10, 20, x = 1, 30, y = 2}) do r[#r + 1] = tostring(k) end return r',
      ['1', '2', '3', 'y', 'x'],
    ],
    [
      'local t = {} for i = 1, 20 do t["key" .. i] = i end local r = {} for k in pairs(t) do r[#r + 1] = k end return r',
      [
        'key16',
        'key9',
        'key5',
        'key1',
        'key7',
        'key3',
        'key8',
        'key12',
        'key11',
        'key10',
        'key19',
        'key17',
        'key20',
        'key2',
        'key13',
        'key6',
        'key18',
        'key15',
        'key4',
        'key14',
      ],
    ],
    [
      'local t = {} for i = 20, 1, -1 do t[i * 7] = i end local r = {} for k in pairs(t) do r[#r + 1] = k end return r',
      [91, 63, 126, 35, 70, 140, 105, 21, 42, 84, 119, 49, 98, 28, 7, 14, 77, 56, 112, 133],
    ],
    ['local t = {a = 1, b = 2, c = 3} for k in pairs(t) do t[k] = nil end return tostring(next(t))', 'nil'],
    [
      'local t = {[1.5] = 1, [true] = 2, [-1] = 3, [2^53] = 4} local r = {} for k in pairs(t) do r[#r + 1] = tostring(k) end return r',
      ['9.007199254741e+15', 'true', '1.5', '-1'],
    ],
  ])('%j', (source, reply) => {
    expect(evaluate(source)).toEqual(reply);
  });
});

describe('walking', () => {
  it.each<[string, Evaluated]>([
    ['return {next({})}', []],
    ['return {next({5})}', [1, 5]],
    ['return pcall(next, {}, "x")', null],
    ['local r = {} for i, v in ipairs({1, 2, nil, 4}) do r[#r + 1] = v end return r', [1, 2]],
  ])('%j', (source, reply) => {
    expect(evaluate(source)).toEqual(reply);
  });
});
