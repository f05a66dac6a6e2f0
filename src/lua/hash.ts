/** How Lua 5.1 hashes keys (lstring.c luaS_newlstr, ltable.c hashnum), for the order in which tables are walked. */

const EXPONENT_BIAS = 1023;
/** Of the fraction, beside the exponent. */
const HIGH_BITS = 20;

/** Redis' Lua counts every byte, also of long strings. @returns a 32-bit integer, signed. */
export function hashString(text: string): number {
  let hash = text.length;
  for (let at = text.length - 1; at >= 0; at--) hash ^= (hash << 5) + (hash >>> 2) + text.charCodeAt(at);
  return hash;
}

/** The sum of both halves of the double. @returns a 32-bit integer, unsigned. */
export function hashNumber(value: number): number {
  if (value === 0) return 0;
  if (value > 0 && value === (value | 0)) return hashPositive(value);
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  return (view.getUint32(0) + view.getUint32(4)) >>> 0;
}

/** The same for what most keys are, without memory to lay a double out in. */
function hashPositive(value: number): number {
  const exponent = 31 - Math.clz32(value);
  const fraction = value - (1 << exponent);
  const high = (exponent + EXPONENT_BIAS) << HIGH_BITS;
  if (exponent <= HIGH_BITS) return (high | (fraction << (HIGH_BITS - exponent))) >>> 0;
  const low = fraction << (32 + HIGH_BITS - exponent);
  return ((high | (fraction >>> (exponent - HIGH_BITS))) + low) >>> 0;
}
