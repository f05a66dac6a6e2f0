/**
 * Libraries of functions, as they stand in RDB files and in the payloads of FUNCTION DUMP: the whole source, with the
 * line in front that names engine and library. The release candidates of 7.0 wrote name, engine, description and body
 * apart.
 */
import { ByteSink } from './byte-sink.ts';
import { sealDump } from './dump-payload.ts';
import { OPCODE } from './format.ts';
import { corrupt, RdbError } from './rdb-error.ts';
import { RdbInput, RdbString } from './rdb-input.ts';

const FOOTER_BYTES = 10;

export function isFunctionOpcode(opcode: number): boolean {
  return opcode === OPCODE.functionLibrary || opcode === OPCODE.oldFunction;
}

/** Reads the source behind an opcode. */
export function readFunctionLibrary(opcode: number, input: RdbInput): Buffer {
  const string = new RdbString();
  input.string(string);
  if (opcode === OPCODE.functionLibrary) return string.copy();
  const name = string.copy();
  input.string(string);
  const engine = string.copy();
  if (input.length() !== 0) input.string(string);
  input.string(string);
  return Buffer.concat([Buffer.from('#!'), engine, Buffer.from(' name='), name, Buffer.from('\n'), string.copy()]);
}

/** The payload of FUNCTION DUMP. @param compresses rdbcompression */
export function encodeFunctions(sources: Iterable<Uint8Array>, compresses: boolean): Buffer {
  const sink = new ByteSink(compresses);
  for (const source of sources) {
    sink.byte(OPCODE.functionLibrary);
    sink.string(source);
  }
  return sealDump(sink);
}

/**
 * The sources in a payload of FUNCTION DUMP whose seal was looked at (`isSealedDump`).
 * @throws RdbError with redis-server's words.
 */
export function decodeFunctions(payload: Buffer): Buffer[] {
  const sources: Buffer[] = [];
  const input = new RdbInput(payload);
  while (input.available > FOOTER_BYTES) {
    const opcode = input.byte();
    if (!isFunctionOpcode(opcode)) corrupt('given type is not a function');
    try {
      sources.push(readFunctionLibrary(opcode, input));
    } catch (error) {
      if (!(error instanceof RdbError)) throw error;
      corrupt('Failed loading library payload');
    }
  }
  return sources;
}
