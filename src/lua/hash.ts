/** How Lua 5.1 hashes keys (lstring.c luaS_newlstr, ltable.c hashnum), for the order in which tables are walked. */

/** Redis' Lua counts every byte, also of long strings. @returns a 32-bit integer, signed. */
export function hashString(text: string): number {
  let hash = text.length;
  for (let at = text.length - 1; at >= 0; at--) hash ^= (hash << 5) + (hash >>> 2) + text.charCodeAt(at);
  return hash;
}

/** The sum of both halves of the double. @returns a 32-bit integer, unsigned. */
export function hashNumber(value: number): number {
  if (value === 0) return 0;
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  return (view.getUint32(0) + view.getUint32(4)) >>> 0;
}
