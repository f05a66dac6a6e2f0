/**
 * A machine's clocks, which may be wrong: they drift against the world's time, and the wall clock jumps. They belong to
 * the machine and outlive the processes on it; a power cycle resets only the monotonic one.
 */
export class MachineClock {
  readonly #wallStartUs: number;
  #wallOffsetUs = 0;
  /** Local microseconds per microsecond of the world. */
  #rate = 1;
  #sinceUs = 0;
  #localAtSinceUs = 0;

  constructor(wallStartMs: number) {
    this.#wallStartUs = wallStartMs * 1000;
  }

  /** Elapsed local time since the world began. */
  localUs(worldUs: number): number {
    return this.#localAtSinceUs + (worldUs - this.#sinceUs) * this.#rate;
  }

  wallMs(worldUs: number): number {
    return Math.floor((this.#wallStartUs + this.#wallOffsetUs + this.localUs(worldUs)) / 1000);
  }

  /** How long the world waits while this clock counts `localUs`. */
  toWorldUs(localUs: number): number {
    return this.#rate === 1 ? localUs : Math.ceil(localUs / this.#rate);
  }

  /** Moves the wall clock, forwards or back. */
  jump(byMs: number): void {
    this.#wallOffsetUs += byMs * 1000;
  }

  /** From now on the clocks gain `partsPerMillion`; negative: they lose. */
  setDrift(worldUs: number, partsPerMillion: number): void {
    this.#localAtSinceUs = this.localUs(worldUs);
    this.#sinceUs = worldUs;
    this.#rate = 1 + partsPerMillion / 1e6;
  }
}
