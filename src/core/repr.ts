/**
 * Quotes a binary string (one character per byte) so that `splitArguments` reads it back: double quotes, C escapes
 * for the usual control characters, `\xHH` for every other byte that is not printable ASCII. This is the form in
 * which CONFIG REWRITE, MONITOR, SLOWLOG and log lines show strings.
 */

const escapes = new Map([
  ['\\', '\\\\'],
  ['"', '\\"'],
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
  ['\x07', '\\a'],
  ['\b', '\\b'],
]);

export function repr(text: string): string {
  // oxlint-disable-next-line no-control-regex -- escaping control characters is the purpose
  return `"${text.replace(/[\\"\x00-\x1f\x7f-\xff]/g, escapeOne)}"`;
}

function escapeOne(character: string): string {
  return escapes.get(character) ?? `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
}
