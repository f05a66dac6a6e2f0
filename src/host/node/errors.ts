/**
 * From Node's errors to the ports' own: a closed set of codes and the C library's texts. Codes outside the set become
 * 'EUNKNOWN' but keep their text, because a log line should still say what the matter was.
 */
import { errorText } from '../error-texts.ts';
import { DiskError, type DiskErrorCode, type NetError, type NetErrorCode } from '../host.ts';

const NET_CODES: ReadonlySet<string> = new Set<NetErrorCode>([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENOTFOUND',
  'EADDRINUSE',
  'EADDRNOTAVAIL',
  'EAFNOSUPPORT',
  'EACCES',
  'ENOENT',
]);

const DISK_CODES: ReadonlySet<string> = new Set<DiskErrorCode>([
  'ENOENT',
  'EEXIST',
  'ENOTDIR',
  'EISDIR',
  'EACCES',
  'ENOSPC',
  'EIO',
  'EROFS',
]);

/** Codes that differ in name only, as far as a node is concerned. */
const NET_SYNONYMS: Readonly<Record<string, NetErrorCode>> = {
  ECONNABORTED: 'ECONNRESET',
  ENETUNREACH: 'EHOSTUNREACH',
  EHOSTDOWN: 'EHOSTUNREACH',
  ENETDOWN: 'EHOSTUNREACH',
  EAI_AGAIN: 'ENOTFOUND',
  EAI_NONAME: 'ENOTFOUND',
  EAI_NODATA: 'ENOTFOUND',
  EAI_FAIL: 'ENOTFOUND',
  EPERM: 'EACCES',
};

export function netError(error: unknown): NetError {
  const code = codeOf(error);
  const known = NET_CODES.has(code) ? (code as NetErrorCode) : NET_SYNONYMS[code];
  return { code: known ?? 'EUNKNOWN', message: textOf(code, error) };
}

export function diskError(error: unknown): DiskError {
  if (error instanceof DiskError) return error;
  const code = codeOf(error);
  const known = DISK_CODES.has(code) ? (code as DiskErrorCode) : 'EUNKNOWN';
  return new DiskError(known, textOf(code, error));
}

/** The errno name. Of several failed addresses (one `AggregateError`), the last one's, as a loop over them would. */
function codeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return '';
  if (error instanceof AggregateError && error.errors.length > 0) {
    const code = codeOf(error.errors.at(-1));
    if (code !== '') return code;
  }
  const code: unknown = (error as { code?: unknown }).code;
  return typeof code === 'string' ? code : '';
}

function textOf(code: string, error: unknown): string {
  const text = errorText(code);
  if (text !== undefined) return text;
  return error instanceof Error && error.message !== '' ? error.message : 'Unknown error';
}
