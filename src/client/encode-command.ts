/** Commands as clients send them: arrays of bulk strings. */

/** Strings are taken as UTF-8. */
export function encodeCommand(args: readonly (string | number | bigint | Uint8Array)[]): Buffer {
  let text = `*${args.length}\r\n`;
  for (const arg of args) {
    if (typeof arg === 'object') return encodeBytes(args);
    const word = String(arg);
    text += `$${Buffer.byteLength(word, 'utf8')}\r\n${word}\r\n`;
  }
  return Buffer.from(text, 'utf8');
}

/** Each character is a byte. */
export function encodeLatin1Command(args: readonly string[]): Buffer {
  let text = `*${args.length}\r\n`;
  for (const arg of args) text += `$${arg.length}\r\n${arg}\r\n`;
  return Buffer.from(text, 'latin1');
}

function encodeBytes(args: readonly (string | number | bigint | Uint8Array)[]): Buffer {
  const parts: Uint8Array[] = [Buffer.from(`*${args.length}\r\n`, 'latin1')];
  for (const arg of args) {
    const bytes = typeof arg === 'object' ? arg : Buffer.from(String(arg), 'utf8');
    parts.push(Buffer.from(`$${bytes.length}\r\n`, 'latin1'), bytes, CRLF);
  }
  return Buffer.concat(parts);
}

const CRLF = Buffer.from('\r\n');
