import { describe, expect, it } from 'vitest';
import { groupOf } from '../../../src/simulation/view/describe.ts';
import { Filter } from '../../../src/simulation/view/filter.ts';
import { sampleEntries } from './sample-run.ts';

const entries = sampleEntries();
const kindsShown = (filter: Filter): Set<string> => new Set([...filter.shown].map((i) => entries[i]!.kind));
const make = (): Filter => new Filter(entries, entries.map(groupOf));

describe('the filter of a page', () => {
  it('leaves out client traffic and replicated writes at first', () => {
    const filter = make();
    const heads = [...filter.shown]
      .map((i) => entries[i]!)
      .flatMap((entry) => (entry.kind === 'message' ? [entry.head] : []));
    expect(heads).toEqual(['MULTI · SLAVEOF NO ONE · CONFIG REWRITE']);
    expect(filter.shown).toHaveLength(entries.length - 2);
  });

  it('shows and hides groups', () => {
    const filter = make();
    filter.toggle('ops');
    expect(kindsShown(filter)).not.toContain('op');
    filter.toggle('ops');
    expect(kindsShown(filter)).toContain('op');
  });

  it('finds entries that have all words, in whatever case', () => {
    const filter = make();
    filter.query = 'SENTINEL0 epoch';
    expect([...filter.shown].map((i) => entries[i]!.kind)).toEqual(['epoch', 'epoch', 'vote']);
  });

  it('leaves out what has a word with a dash', () => {
    const filter = make();
    filter.query = 'sentinel0 epoch -votes';
    expect([...filter.shown].map((i) => entries[i]!.kind)).toEqual(['epoch', 'epoch']);
    filter.query = 'sentinel0 epoch -';
    expect(filter.shown).toHaveLength(3);
  });

  it('says for each entry whether it is shown', () => {
    const filter = make();
    filter.query = 'kill';
    expect([...filter.isShown].flatMap((isShown, i) => (isShown === 1 ? [i] : []))).toEqual([...filter.shown]);
    expect(filter.shown).not.toHaveLength(0);
  });

  it('reveals an entry that was hidden by its group or by the query', () => {
    const filter = make();
    filter.query = 'sentinel0';
    const hidden = entries.findIndex((entry) => entry.kind === 'message' && entry.to === 'redis0');
    filter.reveal(hidden);
    expect([...filter.shown]).toContain(hidden);
    expect(filter.query).toBe('');
  });

  it('keeps the query where it does not stand in the way', () => {
    const filter = make();
    filter.query = 'set';
    filter.reveal(entries.findIndex((entry) => entry.kind === 'message' && entry.to === 'redis0'));
    expect(filter.query).toBe('set');
  });
});
