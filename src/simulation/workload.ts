/** What clients do. */
import type { MakeWorkload } from './run.ts';

export const usualWorkload: MakeWorkload = () => ({
  begin: () => {},
  perform: () => {},
  end: () => {},
  pending: 0,
});
