/**
 * Reading configuration files: one by its name, or all that match a pattern of the shell.
 *
 * Files are read as C reads lines: what follows a NUL in a line is lost. A directory reads as empty.
 */
import { DiskError, type Disk } from '../../host/host.ts';
import { directoryOf } from '../../host/replace-file.ts';
import { ConfigError } from './config-error.ts';
import { binaryOfPath, joinPath, pathOfBinary } from './paths.ts';

/** Redis reads lines in pieces of this length. It shows only where a line holds a NUL. */
const READ_PIECE_BYTES = 1024;

/**
 * The text of the file, or of all files that match, one after another.
 * @param name as written in the configuration; @param base the directory where relative names start.
 * @throws ConfigError when a file cannot be opened. That nothing matches a pattern is no error.
 */
export function readConfigFiles(disk: Disk, name: string, base: string): string {
  if (!/[*?[]/.test(name)) return readConfigFile(disk, name, joinPath(base, pathOfBinary(name)));
  const matches = expandGlob(disk, name, base);
  return matches.map((match) => readConfigFile(disk, match, joinPath(base, pathOfBinary(match)))).join('');
}

function readConfigFile(disk: Disk, name: string, path: string): string {
  let reason = 'No such file or directory';
  try {
    const content = disk.read(path);
    if (content !== null) return dropBehindNul(Buffer.from(content).toString('latin1'));
  } catch (error) {
    if (!(error instanceof DiskError)) throw error;
    if (error.code === 'EISDIR') return '';
    reason = error.message;
  }
  throw new ConfigError('log', `Fatal error, can't open config file '${name}': ${reason}`);
}

function dropBehindNul(text: string): string {
  if (!text.includes('\0')) return text;
  let kept = '';
  for (const line of text.match(/[^\n]*\n|[^\n]+$/g) ?? []) {
    for (let start = 0; start < line.length; start += READ_PIECE_BYTES) {
      kept += line.slice(start, start + READ_PIECE_BYTES).replace(/\0[^]*$/, '');
    }
  }
  return kept;
}

/** Names that exist and match, sorted by bytes. `*`, `?` and classes work in every segment, hidden files need a dot. */
export function expandGlob(disk: Disk, pattern: string, base: string): string[] {
  const root = /^\/+/.exec(pattern)?.[0] ?? '';
  const segments = pattern.slice(root.length).split(/\/+/);
  let found = [root];
  for (const [index, segment] of segments.entries()) {
    const isLast = index === segments.length - 1;
    found = found.flatMap((prefix) => matchesInDirectory(disk, prefix, segment, base));
    if (!isLast) found = found.filter((prefix) => isDirectory(disk, prefix, base)).map((prefix) => `${prefix}/`);
  }
  return found.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
}

function matchesInDirectory(disk: Disk, prefix: string, segment: string, base: string): string[] {
  if (!/[*?[\\]/.test(segment)) {
    return exists(disk, joinPath(base, pathOfBinary(prefix + segment))) ? [prefix + segment] : [];
  }
  const matcher = shellPattern(segment);
  const directory = prefix === '' ? base : directoryOf(joinPath(base, pathOfBinary(`${prefix}x`)));
  const names = listQuietly(disk, directory).map(binaryOfPath);
  return names.filter((name) => matcher.test(name)).map((name) => prefix + name);
}

/** Never throws: what a pattern cannot reach does not match. */
function listQuietly(disk: Disk, directory: string): string[] {
  try {
    return disk.list(directory);
  } catch (error) {
    if (!(error instanceof DiskError)) throw error;
    return [];
  }
}

function exists(disk: Disk, path: string): boolean {
  try {
    return disk.stat(path) !== null;
  } catch (error) {
    if (!(error instanceof DiskError)) throw error;
    return false;
  }
}

function isDirectory(disk: Disk, name: string, base: string): boolean {
  return disk.stat(joinPath(base, pathOfBinary(name)))?.isDirectory === true;
}

/** A shell pattern for one path segment as a regular expression. */
function shellPattern(segment: string): RegExp {
  let source = segment.startsWith('.') ? '' : String.raw`(?!\.)`;
  let position = 0;
  while (position < segment.length) {
    const rest = segment.slice(position);
    const bracket = /^\[[!^]?\]?[^\]]*\]/.exec(rest)?.[0];
    if (bracket !== undefined) {
      source += bracketSource(bracket);
      position += bracket.length;
      continue;
    }
    if (rest.startsWith('*')) source += '[^]*';
    else if (rest.startsWith('?')) source += '[^]';
    else if (rest.startsWith('\\') && rest.length > 1) source += escapeForSource(segment[++position]!);
    else source += escapeForSource(rest[0]!);
    position++;
  }
  return new RegExp(`^${source}$`);
}

function bracketSource(bracket: string): string {
  const negated = /^\[[!^]/.test(bracket);
  const body = bracket.slice(negated ? 2 : 1, -1);
  const members = body.replace(/[\\\]^[]/g, String.raw`\$&`);
  try {
    return new RegExp(`[${negated ? '^' : ''}${members}]`).source;
  } catch {
    return '(?!)'; // A range that runs backwards matches nothing.
  }
}

function escapeForSource(character: string): string {
  return character.replace(/[.*+?^${}()|[\]\\/]/g, String.raw`\$&`);
}
