/** Types of modules are known by a number: nine characters of six bits each, and a version of ten bits. */
const CHARACTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const NAME_LENGTH = 9;
const VERSION_BITS = 10n;
const CHARACTER_BITS = 6n;

export function moduleTypeName(id: number | bigint): string {
  let rest = BigInt.asUintN(64, BigInt(id)) >> VERSION_BITS;
  let name = '';
  for (let i = 0; i < NAME_LENGTH; i++) {
    name = CHARACTERS[Number(rest & 63n)]! + name;
    rest >>= CHARACTER_BITS;
  }
  return name;
}
