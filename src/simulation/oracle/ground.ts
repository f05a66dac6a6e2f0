/** What judges of data stand on: the oracle, and at the end of a run what became of each write, which is found out once. */
import type { Run } from '../run.ts';
import { Fates } from './fate.ts';
import type { Witness } from './witness.ts';

export class Ground {
  #witness: Witness | null = null;
  #fates: Fates | null = null;

  get witness(): Witness {
    if (this.#witness === null) throw new Error('The oracle comes before those who ask it.');
    return this.#witness;
  }

  set witness(witness: Witness) {
    this.#witness = witness;
    this.#fates = null;
  }

  /** Of a run that is over: all stand still, and all are of one mind. */
  fates(run: Run): Fates {
    return (this.#fates ??= new Fates(run, this.witness));
  }
}
