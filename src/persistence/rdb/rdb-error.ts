/**
 * An RDB file or DUMP payload that cannot be read. The text is what redis-server logs; what happens then is up to whoever
 * reads: at start-up the server gives up, a replica tries again, RESTORE answers "Bad data format".
 */
export type RdbErrorKind =
  /** The bytes end too early. */
  | 'short'
  /** No RDB file, or one of a newer version. */
  | 'version'
  | 'checksum'
  /** Bytes that no server writes. */
  | 'corrupt'
  /** What this server does not have: modules, more databases. */
  | 'unsupported';

export class RdbError extends Error {
  readonly kind: RdbErrorKind;

  constructor(kind: RdbErrorKind, message: string) {
    super(message);
    this.kind = kind;
  }
}

export const SHORT_READ = 'Short read or OOM loading DB. Unrecoverable error, aborting now.';

export function corrupt(message: string): never {
  throw new RdbError('corrupt', message);
}
