/**
 * Paths between two worlds: configuration keeps them as binary strings, byte for byte as the file spells them; the
 * host's disk takes JS strings. Between them lies UTF-8.
 *
 * Relative paths start at `dir`, which stands for the working directory that Redis would have changed to.
 */

export function binaryOfPath(path: string): string {
  return Buffer.from(path, 'utf8').toString('latin1');
}

export function pathOfBinary(text: string): string {
  return Buffer.from(text, 'latin1').toString('utf8');
}

export function isAbsolutePath(path: string): boolean {
  return path.startsWith('/') || path.startsWith('\\') || /^[A-Za-z]:[\\/]/.test(path);
}

/** Puts a relative path behind `base`; nothing else changes. */
export function joinPath(base: string, path: string): string {
  if (isAbsolutePath(path)) return path;
  return /[\\/]$/.test(base) ? base + path : `${base}/${path}`;
}

/** The absolute path without `.`, `..` and doubled separators, as getcwd shows it where no symbolic link is met. */
export function resolveDirectory(base: string, path: string): string {
  const joined = joinPath(base, path);
  const drive = /^[A-Za-z]:/.exec(joined)?.[0] ?? '';
  const segments: string[] = [];
  for (const segment of joined.slice(drive.length).split(drive === '' ? '/' : /[\\/]/)) {
    if (segment === '..') segments.pop();
    else if (segment !== '' && segment !== '.') segments.push(segment);
  }
  return `${drive}/${segments.join('/')}`;
}
