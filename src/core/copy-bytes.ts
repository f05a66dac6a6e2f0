/**
 * Copies of short ranges of bytes. A call into the platform costs some 50 ns whatever the length, so short ranges are
 * copied here. V8 neither merges single bytes into words nor unrolls loops: eight bytes a turn take half the time of
 * one byte a turn.
 */

/** Longest range that is copied here; docs/decisions/replies.md has the figures. */
const SHORT_BYTES = 56;

/** Copies source[start..end) to target[at..). The two must not overlap. */
export function copyBytes(source: Uint8Array, start: number, end: number, target: Uint8Array, at: number): void {
  if (end - start > SHORT_BYTES) {
    target.set(new Uint8Array(source.buffer, source.byteOffset + start, end - start), at);
    return;
  }
  let from = start;
  let to = at;
  for (; from + 8 <= end; from += 8, to += 8) {
    target[to] = source[from]!;
    target[to + 1] = source[from + 1]!;
    target[to + 2] = source[from + 2]!;
    target[to + 3] = source[from + 3]!;
    target[to + 4] = source[from + 4]!;
    target[to + 5] = source[from + 5]!;
    target[to + 6] = source[from + 6]!;
    target[to + 7] = source[from + 7]!;
  }
  for (; from < end; from++, to++) target[to] = source[from]!;
}

/** Up to here, a request is copied here in pieces: what it takes to make a view of it takes longer. */
const REQUEST_BYTES = 224;

/** As `copyBytes`, for what is mostly a little longer than its short ranges. */
export function copyRequest(source: Uint8Array, start: number, end: number, target: Uint8Array, at: number): void {
  let from = start;
  let to = at;
  if (end - start <= REQUEST_BYTES) {
    for (; end - from > SHORT_BYTES; from += SHORT_BYTES, to += SHORT_BYTES) {
      copyBytes(source, from, from + SHORT_BYTES, target, to);
    }
  }
  copyBytes(source, from, end, target, to);
}
