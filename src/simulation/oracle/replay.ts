/** From places in the lineage to datasets, and back: what a path comes to, and where on a path a dataset was. */
import { toHex } from '../../core/hex.ts';
import { Digest } from '../../server/debug/dataset-digest.ts';
import type { Lineage, Place, Stretch } from './lineage.ts';
import { Model } from './model.ts';

const EMPTY_DIGEST = toHex(new Digest().bytes);

interface Executed {
  readonly words: readonly string[];
  /** The place behind it. */
  readonly place: Place;
}

/** Every command on the way to a place, from the beginning. */
export function commandsTo(lineage: Lineage, place: Place): Executed[] {
  return lineage
    .path(place)
    .flatMap(({ branch, from, to }) =>
      branch.commandsIn(from, to).map(({ words, end }) => ({ words, place: { branch, offset: end } })),
    );
}

/** The datasets at places. If the way to one leads on from the place before, only what is new there is executed. */
export class Replay {
  readonly #lineage: Lineage;
  #model = new Model();
  #way: readonly Stretch[] = [];

  constructor(lineage: Lineage) {
    this.#lineage = lineage;
  }

  /** Valid until the next place is asked for. */
  at(place: Place): Model {
    const way = this.#lineage.path(place);
    if (!leadsOn(this.#way, way)) {
      this.#model = new Model();
      this.#way = [];
    }
    for (const [i, { branch, from, to }] of way.entries()) {
      for (const { words } of branch.commandsIn(this.#way[i]?.to ?? from, to)) this.#model.apply(words);
    }
    this.#way = way;
    return this.#model;
  }
}

function leadsOn(before: readonly Stretch[], way: readonly Stretch[]): boolean {
  const last = before.length - 1;
  return before.every(({ branch, to }, i) => {
    const next = way[i];
    return next !== undefined && next.branch === branch && (i === last ? to <= next.to : to === next.to);
  });
}

/**
 * The latest place on the way to `place` at which the dataset had this digest, or null. Not in the midst of a transaction.
 * Only the first database is looked at.
 */
export function findState(lineage: Lineage, place: Place, digest: string): Place | null {
  const model = new Model();
  const beginning = new Digest();
  beginning.mixInteger(0);
  const sum = Uint8Array.from(beginning.bytes);
  const shares = new Map<string, Uint8Array>();
  const flip = (share: Uint8Array): void => {
    for (const [i, byte] of share.entries()) sum[i]! ^= byte;
  };
  let found: Place | null = null;
  let isInTransaction = false;
  for (const { words, place: behind } of commandsTo(lineage, place)) {
    const name = words[0]!.toLowerCase();
    if (name === 'multi') isInTransaction = true;
    else if (name === 'exec') isInTransaction = false;
    model.apply(words);
    for (const key of words.slice(1)) {
      const before = shares.get(key);
      const after = model.shareOf(key);
      if (before !== undefined) flip(before);
      if (after === null) shares.delete(key);
      else {
        shares.set(key, after);
        flip(after);
      }
    }
    // A database without a key is not part of the digest.
    if (!isInTransaction && (shares.size === 0 ? EMPTY_DIGEST : toHex(sum)) === digest) found = behind;
  }
  return found;
}
