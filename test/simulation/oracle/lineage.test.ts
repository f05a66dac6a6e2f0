import { describe, expect, it } from 'vitest';
import { formatPlace, Lineage } from '../../../src/simulation/oracle/lineage.ts';

const origin = { node: 'redis0', timeMs: 0, parent: null } as const;

function family(): { lineage: Lineage; root: ReturnType<Lineage['add']>; child: ReturnType<Lineage['add']> } {
  const lineage = new Lineage();
  const root = lineage.add('a'.repeat(40), 100, { ...origin, birth: 'empty' });
  root.append(Buffer.from('0123456789'));
  const child = lineage.add('b'.repeat(40), 106, {
    ...origin,
    birth: 'promotion',
    parent: { branch: root, offset: 106 },
  });
  child.append(Buffer.from('xyz'));
  return { lineage, root, child };
}

describe('a branch', () => {
  it('keeps its bytes by offset, however many come', () => {
    const { root } = family();
    expect([root.start, root.end]).toEqual([100, 110]);
    expect(root.bytes(102, 105).toString()).toBe('234');
    for (let i = 0; i < 500; i++) root.append(Buffer.from('some more bytes'), 5, 9);
    expect(root.end).toBe(110 + 2000);
    expect(root.bytes(root.end - 4).toString()).toBe('more');
  });

  it('finds the first byte that differs, or that nobody wrote', () => {
    const { root } = family();
    expect(root.firstDifference(103, Buffer.from('345'))).toBe(0);
    expect(root.firstDifference(103, Buffer.from('3x5'))).toBe(105);
    expect(root.firstDifference(108, Buffer.from('89ab'))).toBe(111);
    expect(root.firstDifference(50, Buffer.from('1'))).toBe(51);
  });
});

describe('a lineage', () => {
  it('knows what is on the way to a place', () => {
    const { lineage, root, child } = family();
    expect(lineage.covers(child.tip, { branch: root, offset: 106 })).toBe(true);
    expect(lineage.covers(child.tip, { branch: root, offset: 107 })).toBe(false);
    expect(lineage.covers(root.tip, child.tip)).toBe(false);
    expect(lineage.covers({ branch: root, offset: 105 }, { branch: root, offset: 106 })).toBe(false);
    expect(lineage.path(child.tip)).toEqual([
      { branch: root, from: 100, to: 106 },
      { branch: child, from: 106, to: 109 },
    ]);
  });

  it('takes the beginning of a branch for the place that it grew out of', () => {
    const { lineage, root, child } = family();
    const beginning = { branch: child, offset: 106 };
    expect(lineage.isSame(beginning, { branch: root, offset: 106 })).toBe(true);
    expect(lineage.covers(root.tip, beginning)).toBe(true);
    expect(lineage.isSame(child.tip, { branch: root, offset: 109 })).toBe(false);
  });

  it('finds where two ways part', () => {
    const { lineage, root, child } = family();
    expect(lineage.fork(root.tip, child.tip)).toEqual({ branch: root, offset: 106 });
    expect(lineage.fork({ branch: root, offset: 103 }, child.tip)).toEqual({ branch: root, offset: 103 });
    const other = lineage.add(null, 0, { ...origin, birth: 'unfollowed' });
    expect(lineage.fork(other.tip, child.tip)).toBeNull();
    expect(formatPlace(other.tip)).toBe('redis0#1:0');
    expect(formatPlace(child.tip)).toBe('bbbbbbbb…:109');
  });
});
