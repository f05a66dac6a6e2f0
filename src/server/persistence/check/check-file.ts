/**
 * `resplica --check FILE`: what an RDB file, an append-only file or its manifest holds, and whether a server would start
 * with it. Nothing is changed.
 *
 * Counts go to `print`, line by line; `progress` hears now and then how much of a file is read.
 */
import { formatLogTime } from '../../../core/calendar.ts';
import { bytesToHuman } from '../../../core/human.ts';
import { latin1Of, lowerCaseAscii } from '../../../core/latin1.ts';
import { repr } from '../../../core/repr.ts';
import type { CommandSettings } from '../../../commands/context.ts';
import { type Clock, type Disk, DiskError, type DiskFile, type Random } from '../../../host/host.ts';
import { directoryOf } from '../../../host/replace-file.ts';
import { BROKEN, COMMAND, CommandReader } from '../../../persistence/aof/command-reader.ts';
import { type AofManifest, ManifestError, parseManifest } from '../../../persistence/aof/manifest.ts';
import { RdbError } from '../../../persistence/rdb/rdb-error.ts';
import { joinPath, pathOfBinary } from '../../config/paths.ts';
import { zerosAtEnd } from '../zeros-at-end.ts';
import { RdbCheck } from './rdb-check.ts';

export interface CheckPorts {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly random: Random;
  readonly settings: CommandSettings;
  print(line: string): void;
  /** @param share of the file that is read, 0 to 1. */
  progress(path: string, share: number): void;
}

const CHUNK_BYTES = 1 << 20;
const MAGIC = 'REDIS';
const COMMANDS_SHOWN = 12;
/** A command, and a remark. */
const COMMAND_STARTS: ReadonlySet<number> = new Set([0x2a, 0x23]);

/** @returns whether a server would load the file. */
export function checkFile(ports: CheckPorts, path: string): boolean {
  try {
    return path.endsWith('.manifest') ? checkManifest(ports, path) : checkOne(ports, path);
  } catch (error) {
    if (!(error instanceof DiskError)) throw error;
    ports.print(`${path}: ${error.message}`);
    return false;
  }
}

function checkOne(ports: CheckPorts, path: string): boolean {
  const file = ports.disk.open(path, 'read');
  try {
    const head = file.read(0, MAGIC.length);
    const isRdb = latin1Of(head, 0, head.length) === MAGIC;
    // What does not begin like a command is no append-only file either.
    const isLog = head.length === 0 ? !path.endsWith('.rdb') : COMMAND_STARTS.has(head[0]!);
    return isRdb || !isLog ? checkRdb(ports, file) : checkCommands(ports, file, 0);
  } finally {
    file.close();
  }
}

function verdict(ports: CheckPorts, path: string, problem: string | null): boolean {
  ports.print(problem === null ? `${path} is good.` : `${path} is NOT good: ${problem}`);
  return problem === null;
}

// ---------------------------------------------------------------------------------------------------------------- RDB

function checkRdb(ports: CheckPorts, file: DiskFile): boolean {
  const { clock, random, settings } = ports;
  const check = new RdbCheck(settings, random, clock.wallMs());
  const problem = readRdb(ports, file, check);
  describeRdb(ports, check, file.sizeBytes);
  if (problem !== null) return verdict(ports, file.path, problem);
  const end = check.position;
  if (end === file.sizeBytes) return verdict(ports, file.path, null);
  if (!COMMAND_STARTS.has(file.read(end, 1)[0]!)) {
    ports.print(`  ${file.sizeBytes - end} bytes follow at byte ${end}, which nobody reads`);
    return verdict(ports, file.path, null);
  }
  ports.print(`  commands follow at byte ${end}:`);
  return checkCommands(ports, file, end);
}

/** @returns why it cannot be read, or null. */
function readRdb(ports: CheckPorts, file: DiskFile, check: RdbCheck): string | null {
  let position = 0;
  try {
    while (!check.isDone) {
      const chunk = file.read(position, CHUNK_BYTES);
      position += chunk.length;
      check.push(chunk);
      ports.progress(file.path, position / Math.max(1, file.sizeBytes));
    }
    return null;
  } catch (error) {
    if (!(error instanceof RdbError)) throw error;
    const last = check.lastKey === null ? '' : `, behind the key ${repr(check.lastKey)}`;
    return `${error.message} At byte ${check.position} of ${file.sizeBytes}${last}.`;
  }
}

function describeRdb({ print }: CheckPorts, check: RdbCheck, sizeBytes: number): void {
  print(`RDB version ${check.version}, ${bytesToHuman(sizeBytes)}`);
  for (const [name, value] of check.fields) print(`  ${name}: ${describeField(name, value)}`);
  if (check.libraries > 0) print(`  libraries of functions: ${check.libraries}`);
  const databases = [...check.databases].sort(([a], [b]) => a - b);
  for (const [index, { keys, volatile, expired, byType }] of databases) {
    const sorted = [...byType].sort(([type, count], [other, others]) => others - count || (type < other ? -1 : 1));
    const types = sorted.map(([type, count]) => `${count} ${type}`).join(', ');
    print(
      `  database ${index}: ${keys} keys (${types}), ${volatile} with an expire time, ${expired} of these are expired`,
    );
  }
  const total = databases.reduce((sum, [, { keys }]) => sum + keys, 0);
  print(
    `  keys: ${total}${check.emptyKeys > 0 ? `, and ${check.emptyKeys} without elements, which are left out` : ''}`,
  );
  if (check.isDone) print(`  checksum: ${check.isChecked ? 'right' : 'none'}`);
}

function describeField(name: string, value: string): string {
  const number = Number(value);
  if (name === 'ctime' && Number.isSafeInteger(number)) return `${value} (${formatLogTime(number * 1000)} UTC)`;
  if (name === 'used-mem' && Number.isSafeInteger(number)) return `${value} (${bytesToHuman(number)})`;
  return repr(value).slice(1, -1);
}

// ---------------------------------------------------------------------------------------------------------------- AOF

function checkManifest(ports: CheckPorts, path: string): boolean {
  const content = ports.disk.read(path);
  if (content === null) return verdict(ports, path, 'No such file or directory');
  let manifest: AofManifest;
  try {
    manifest = parseManifest(latin1Of(content, 0, content.length));
  } catch (error) {
    if (!(error instanceof ManifestError)) throw error;
    return verdict(ports, path, `${error.message}, at line ${error.lineNumber}`);
  }
  const files = [...(manifest.base === null ? [] : [manifest.base]), ...manifest.increments];
  for (const { name, type, sequence } of [...files, ...manifest.history]) {
    const role = type === 'b' ? 'base' : type === 'i' ? 'commands' : 'history';
    ports.print(`${role} ${sequence}: ${name}`);
  }
  let isGood = true;
  for (const { name } of files) {
    ports.print('');
    if (!checkFile(ports, joinPath(directoryOf(path), pathOfBinary(name)))) isGood = false;
  }
  ports.print('');
  return verdict(ports, path, isGood ? null : 'one of its files is not');
}

interface CommandCounts {
  readonly byName: Map<string, number>;
  total: number;
  /** Place behind the last command that is not in an open transaction. */
  wholeUntil: number;
  isInTransaction: boolean;
}

function checkCommands(ports: CheckPorts, file: DiskFile, from: number): boolean {
  const reader = new CommandReader(from);
  const counts: CommandCounts = { byName: new Map(), total: 0, wholeUntil: from, isInTransaction: false };
  let isBroken = false;
  for (let position = from; position < file.sizeBytes && !isBroken;) {
    const chunk = file.read(position, Math.max(CHUNK_BYTES, reader.wantedBytes));
    position += chunk.length;
    reader.feed(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length));
    let result = reader.next();
    for (; result === COMMAND; result = reader.next()) countCommand(reader, counts);
    isBroken = result === BROKEN;
    ports.progress(file.path, position / file.sizeBytes);
  }
  ports.print(`commands: ${counts.total}, ${bytesToHuman(file.sizeBytes - from)}`);
  const names = [...counts.byName].sort(([, a], [, b]) => b - a);
  for (const [name, count] of names.slice(0, COMMANDS_SHOWN)) ports.print(`  ${name}: ${count}`);
  if (names.length > COMMANDS_SHOWN) ports.print(`  and ${names.length - COMMANDS_SHOWN} others`);
  const zeros = isBroken ? zerosAtEnd(file, counts.wholeUntil) : 0;
  return verdict(ports, file.path, problemOf(reader, counts, isBroken, zeros, file.sizeBytes));
}

function countCommand({ args, offset }: CommandReader, counts: CommandCounts): void {
  const name = lowerCaseAscii(args.binary(0)).slice(0, 64);
  counts.total++;
  counts.byName.set(name, (counts.byName.get(name) ?? 0) + 1);
  if (name === 'multi') counts.isInTransaction = true;
  else if (name === 'exec') counts.isInTransaction = false;
  if (!counts.isInTransaction) counts.wholeUntil = offset;
}

function problemOf(
  reader: CommandReader,
  { wholeUntil, isInTransaction }: CommandCounts,
  isBroken: boolean,
  zeros: number,
  sizeBytes: number,
): string | null {
  if (isBroken && zeros === 0) return `bad file format at byte ${reader.offset} of ${sizeBytes}.`;
  const kept = `The first ${wholeUntil} of ${sizeBytes} bytes are whole; aof-load-truncated lets a server start with these.`;
  if (zeros > 0) return `it ends in ${zeros} zeros, as after a power loss. ${kept}`;
  if (reader.isInCommand) return `it ends in the middle of a command. ${kept}`;
  return isInTransaction ? `it ends in the middle of a transaction. ${kept}` : null;
}
