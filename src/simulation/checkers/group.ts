/**
 * Several checkers that look at the same things: one judge hears and sees, and speaks in the name of each of them. Those
 * that nobody asked for stay silent.
 */
import type { Checker, MakeChecker } from '../checker.ts';
import type { Run } from '../run.ts';

export type Judge = Omit<Checker, 'id' | 'promise'>;

/** Says that a promise was broken. */
export type Fail = (checker: string, text: string) => void;

/**
 * @param promises by id, a sentence each, with where Redis promises it.
 * @returns makers of checkers for one run: call this anew for the next.
 */
export function group(
  promises: Readonly<Record<string, string>>,
  make: (run: Run, fail: Fail) => Judge,
): MakeChecker[] {
  const wanted = new Set<string>();
  let judge: Judge | null = null;
  return Object.entries(promises).map(([id, promise]) => (run) => {
    wanted.add(id);
    if (judge !== null) return { id, promise };
    const made = (judge = make(run, (checker, text) => {
      if (wanted.has(checker)) run.fail(checker, text);
    }));
    return {
      id,
      promise,
      onBoot: (node) => made.onBoot?.(node),
      onEntry: (entry) => made.onEntry?.(entry),
      onTurn: (node) => made.onTurn?.(node),
      ...(made.onEvent === undefined ? {} : { onEvent: () => made.onEvent!() }),
      atEnd: () => made.atEnd?.(),
    };
  });
}
