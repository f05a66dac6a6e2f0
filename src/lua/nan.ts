/**
 * The two NaN that a script can tell apart, by how they are shown.
 *
 * The processors that Redis runs on, as a rule, make a NaN with the sign bit set out of 0/0, which C prints as "-nan"; strings,
 * `-x` and a few functions give one without it, "nan". JavaScript has one NaN and promises nothing of its bits. So any NaN counts
 * as the negative one, but for one with bits of its own. Those stay with it in calculations, as in Lua, while the engine
 * does not exchange one NaN for another, which it may do where it packs numbers.
 */

/** "nan", spelled behind the bits that make it a NaN. */
const POSITIVE_BITS = 0x7ff8_0000_006e_616en;
const NEGATIVE_BITS = 0xfff8_0000_0000_0000n;

/** @param value NaN. */
export function isPositiveNan(value: number): boolean {
  const memory = new DataView(new ArrayBuffer(8));
  memory.setFloat64(0, value);
  return memory.getBigUint64(0) === POSITIVE_BITS;
}

/** A NaN that is shown with a sign or without. It comes from memory: the optimizer takes all constants for one. */
export function nanOf(hasSign: boolean): number {
  const memory = new DataView(new ArrayBuffer(8));
  memory.setBigUint64(0, hasSign ? NEGATIVE_BITS : POSITIVE_BITS);
  return memory.getFloat64(0);
}

/** `-x` */
export function negate(value: number): number {
  return value === value ? -value : nanOf(isPositiveNan(value));
}

/** Whether C would print a sign in front. */
export function isNegative(value: number): boolean {
  if (value === value) return value < 0 || Object.is(value, -0);
  return !isPositiveNan(value);
}
