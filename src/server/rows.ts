/** Rows of this floor and above: their handlers see the whole server (`Call`), not just the services for data commands. */
import type { Context } from '../commands/context.ts';
import type { Family, Group, Row } from '../commands/row.ts';
import type { Call } from './call.ts';

/** A family whose handlers take a `Call`. The dispatcher makes no other contexts, so the cast is sound. */
export function serverFamily(group: Group, rows: readonly Row<Call>[]): Family {
  return { group, rows: rows as readonly Row<Context>[] };
}
