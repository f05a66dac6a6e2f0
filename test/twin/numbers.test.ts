/**
 * Every edge of numbers in every place where the command table has a number, on this server and on redis-server. The
 * random suites draw such calls too; here none is missing.
 */
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ArgumentDoc } from '../../src/server/command-docs.ts';
import { parseSyntax } from '../../src/server/command-docs.ts';
import type { Command } from '../../src/server/command-table.ts';
import { FIXED_SEED } from '../support/fixed-seed.ts';
import { describeWith } from '../support/requires.ts';
import { asStep, dataCommands, everyType, vocabulary } from './families/any-command.ts';
import { EDGES, isNumeric, type Word, wordsOf } from './from-syntax.ts';
import { openPair, type OneClientScript } from './one-client.ts';
import type { Call, Player, Step } from './suite.ts';

const SAMPLES = 200;
const CALLS_PER_PLACE = 3;
const STEPS_PER_SCRIPT = 30;

/** Names of the places for numbers in a command's syntax. */
function numericPlaces(command: Command): string[] {
  const placesIn = (docs: readonly ArgumentDoc[]): string[] =>
    docs.flatMap((doc) => [...(isNumeric(doc) ? [placeOf(doc)] : []), ...placesIn(doc.arguments)]);
  return [...new Set(placesIn(parseSyntax(command.row.syntax ?? '')))];
}

function placeOf({ token, name }: ArgumentDoc): string {
  return token === null ? name : `${token} ${name}`;
}

/** By place: some calls that have it. */
function samplesByPlace(command: Command): Map<string, Word[][]> {
  const byPlace = new Map<string, Word[][]>();
  for (const words of fc.sample(wordsOf(command, vocabulary), { numRuns: SAMPLES, seed: FIXED_SEED })) {
    for (const { doc } of words) {
      if (doc === null || !isNumeric(doc)) continue;
      const known = byPlace.get(placeOf(doc)) ?? [];
      if (known.length < CALLS_PER_PLACE && !known.includes(words)) byPlace.set(placeOf(doc), [...known, words]);
    }
  }
  return byPlace;
}

function withNumber(words: readonly Word[], place: string, number: string): Call {
  const at = words.findIndex(({ doc }) => doc !== null && isNumeric(doc) && placeOf(doc) === place);
  return words.map(({ text }, i) => (i === at ? number : text));
}

function stepsOf(command: Command): Step[] {
  const edges = (words: Word[], place: string): Step[] =>
    EDGES.map((edge) => asStep(command, withNumber(words, place, edge)));
  return [...samplesByPlace(command)].flatMap(([place, calls]) => calls.flatMap((words) => edges(words, place)));
}

const numeric = dataCommands.filter((command) => numericPlaces(command).length > 0);

describe('Calls by syntax', () => {
  it('reach every place that the command table has for a number', () => {
    const missed = numeric.flatMap((command) => {
      const reached = samplesByPlace(command);
      return numericPlaces(command).filter((place) => !reached.has(place));
    });
    expect(missed).toEqual([]);
  });
});

describeWith('redis-server', 'An edge of numbers in any place for a number', () => {
  let pair: Player<OneClientScript>;

  beforeAll(async () => {
    pair = await openPair({ title: 'numbers', setup: everyType });
  });

  afterAll(async () => {
    await pair[Symbol.asyncDispose]();
  });

  it.each(numeric.map((command) => [command.fullName.toUpperCase(), command] as const))(
    'makes %s answer as redis-server does',
    async (_, command) => {
      const steps = stepsOf(command);
      for (let i = 0; i < steps.length; i += STEPS_PER_SCRIPT) {
        const calls = steps.slice(i, i + STEPS_PER_SCRIPT).flat();
        await pair.play({ calls, protocol: 2 + (i % 2) });
      }
    },
  );
});
