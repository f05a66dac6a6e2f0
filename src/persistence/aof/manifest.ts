/**
 * The manifest of a multi-part AOF: which files together are the dataset, and in what order (aof.c).
 *
 * There is at most one *base*, the dataset as of the last rewrite, and any number of *increments*, the commands since
 * then in ascending order of their sequence numbers. A rewrite opens a new increment when it starts; when it is done
 * the new base takes the place of the old one, and what it covers becomes *history*: files that are not loaded any
 * more and wait for their deletion. Sequence numbers are never used twice.
 *
 * A line of the file is a list of names and values, quoted as in redis.conf where that is needed; names that are not
 * known are passed over:
 *
 *   file appendonly.aof.2.base.rdb seq 2 type b
 *   file appendonly.aof.1.base.rdb seq 1 type h
 *   file appendonly.aof.3.incr.aof seq 3 type i
 */
import { repr } from '../../core/repr.ts';
import { splitArguments } from '../../core/split-args.ts';

export type AofFileType = 'b' | 'h' | 'i';

export interface AofFile {
  /** A binary string. */
  readonly name: string;
  readonly sequence: number;
  readonly type: AofFileType;
}

/** Longest line, its end included. */
const LINE_BYTES_MAX = 1024;
const BAD_FORMAT = 'Invalid AOF manifest file format';

/** Why a manifest is not one. `message` is Redis' text. */
export class ManifestError extends Error {
  readonly lineNumber: number;
  /** The line, unless it could not even be read. */
  readonly line: string | null;

  constructor(text: string, lineNumber: number, line: string | null) {
    super(text);
    this.name = 'ManifestError';
    this.lineNumber = lineNumber;
    this.line = line;
  }

  /** As redis-server logs it. */
  get logLines(): string[] {
    const lines = ['\n*** FATAL AOF MANIFEST FILE ERROR ***\n'];
    if (this.line !== null)
      lines.push(`Reading the manifest file, at line ${this.lineNumber}\n`, `>>> '${this.line}'\n`);
    return [...lines, `${this.message}\n`];
  }
}

export class AofManifest {
  base: AofFile | null = null;
  /** The newest first. */
  history: AofFile[] = [];
  /** The oldest first. */
  increments: AofFile[] = [];
  /** The last sequence numbers that were given away. */
  baseSequence = 0;
  incrementSequence = 0;
  /** Differs from what is on disk. */
  isDirty = false;

  copy(): AofManifest {
    const copy = new AofManifest();
    copy.base = this.base;
    copy.history = [...this.history];
    copy.increments = [...this.increments];
    copy.baseSequence = this.baseSequence;
    copy.incrementSequence = this.incrementSequence;
    copy.isDirty = this.isDirty;
    return copy;
  }

  /** Whether nothing is there to be loaded. */
  get isEmpty(): boolean {
    return this.base === null && this.increments.length === 0;
  }

  /** What makes up the dataset, in the order in which it is loaded. */
  get files(): AofFile[] {
    return this.base === null ? [...this.increments] : [this.base, ...this.increments];
  }

  get lastIncrement(): AofFile | null {
    return this.increments.at(-1) ?? null;
  }

  /** A new base takes the place of the old one, which becomes history. */
  addBase(prefix: string, isRdb: boolean): AofFile {
    if (this.base !== null) this.history.unshift({ ...this.base, type: 'h' });
    const sequence = ++this.baseSequence;
    this.isDirty = true;
    return (this.base = { name: `${prefix}.${sequence}.base.${isRdb ? 'rdb' : 'aof'}`, sequence, type: 'b' });
  }

  /** An old AOF, made of one file, is the base. */
  adoptBase(name: string): void {
    this.base = { name, sequence: 1, type: 'b' };
    this.baseSequence = 1;
    this.isDirty = true;
  }

  addIncrement(prefix: string): AofFile {
    const sequence = ++this.incrementSequence;
    const file: AofFile = { name: `${prefix}.${sequence}.incr.aof`, sequence, type: 'i' };
    this.increments.push(file);
    this.isDirty = true;
    return file;
  }

  /** The increments that a new base covers become history. @param keepsLast the last one is being written. */
  retireIncrements(keepsLast: boolean): void {
    if (this.increments.length === 0) return;
    const kept = keepsLast ? this.increments.splice(-1) : [];
    for (const file of this.increments.toReversed()) this.history.unshift({ ...file, type: 'h' });
    this.increments = kept;
    this.isDirty = true;
  }

  /** Forgets what is history. @returns what it was. */
  takeHistory(): AofFile[] {
    const files = this.history;
    this.history = [];
    this.isDirty = true;
    return files;
  }

  /** The content of the file, a binary string. */
  print(): string {
    const files = [...(this.base === null ? [] : [this.base]), ...this.history, ...this.increments];
    return files.map(printFile).join('');
  }
}

function printFile({ name, sequence, type }: AofFile): string {
  return `file ${needsQuotes(name) ? repr(name) : name} seq ${sequence} type ${type}\n`;
}

function needsQuotes(name: string): boolean {
  return name === '' || /[^\x21-\x7e]|["\\]/.test(name);
}

/** @param content a binary string. @throws ManifestError */
export function parseManifest(content: string): AofManifest {
  const manifest = new AofManifest();
  let lineNumber = 0;
  for (let at = 0; at < content.length;) {
    const newline = content.indexOf('\n', at);
    const end = Math.min(newline < 0 ? content.length : newline + 1, at + LINE_BYTES_MAX);
    const raw = content.slice(at, end);
    at = end;
    lineNumber++;
    if (raw.startsWith('#')) continue;
    // To C, a zero byte ends the line.
    const text = raw.split('\0', 1)[0]!;
    if (!text.includes('\n')) {
      throw new ManifestError('The AOF manifest file contains too long line', lineNumber, null);
    }
    const line = text.replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, '');
    const reason = addLine(manifest, line);
    if (reason !== null) throw new ManifestError(reason, lineNumber, line);
  }
  if (lineNumber === 0) throw new ManifestError('Found an empty AOF manifest', 0, null);
  return manifest;
}

/** @returns what is wrong with a line, or null. */
function addLine(manifest: AofManifest, line: string): string | null {
  const file = parseLine(line);
  if (typeof file === 'string') return file;
  const { type, sequence } = file;
  if (type === 'b') {
    if (manifest.base !== null) return 'Found duplicate base file information';
    manifest.base = { ...file, type };
    manifest.baseSequence = sequence;
  } else if (type === 'h') manifest.history.push({ ...file, type });
  else if (type === 'i') {
    if (sequence <= (manifest.increments.length === 0 ? 0 : manifest.incrementSequence)) {
      return 'Found a non-monotonic sequence number';
    }
    manifest.increments.push({ ...file, type });
    manifest.incrementSequence = sequence;
  } else return 'Unknown AOF file type';
  return null;
}

interface ParsedLine {
  readonly name: string;
  readonly sequence: number;
  readonly type: string;
}

function parseLine(line: string): ParsedLine | string {
  const words = line === '' ? null : splitArguments(line);
  if (words === null || words.length < 6 || words.length % 2 !== 0) return BAD_FORMAT;
  let name: string | null = null;
  let sequence = 0;
  let type = '';
  for (let i = 0; i < words.length; i += 2) {
    const value = words[i + 1]!;
    const key = words[i]!.toLowerCase();
    if (key === 'file') {
      if (/[/\\]/.test(value)) return "File can't be a path, just a filename";
      name = value;
    } else if (key === 'seq') sequence = Math.trunc(Number.parseFloat(/^\s*[+-]?\d+/.exec(value)?.[0] ?? '0'));
    else if (key === 'type') type = value.slice(0, 1);
  }
  return name === null || sequence === 0 || type === '' ? BAD_FORMAT : { name, sequence, type };
}
