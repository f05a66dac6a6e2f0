/** Bytes written as hex digits, two per byte. Ids, digests and password hashes are always in small letters. */

/** Small hex digits of the bytes. */
export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
}

/** The bytes that hex digits of either case spell, or null when they spell none. */
export function fromHex(text: string): Uint8Array | null {
  if (text.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(text)) return null;
  return Uint8Array.from(Buffer.from(text, 'hex'));
}

/** Whether the text is exactly `length` small hex digits: the check of node ids (40) and password hashes (64). */
export function isLowerHex(text: string, length: number): boolean {
  return text.length === length && /^[0-9a-f]*$/.test(text);
}
