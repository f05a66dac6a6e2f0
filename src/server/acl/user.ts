/** A user: who may log in, and whether rules restrict what the session may do. */
import { sha256Hex } from '../../core/sha256.ts';

export class User {
  readonly name: string;
  enabled = false;
  /** Any password will do. */
  noPassword = false;
  /** SHA-256 of each password, in lower-case hex. */
  readonly passwords = new Set<string>();

  constructor(name: string) {
    this.name = name;
  }

  /** Whether no rule can refuse the user anything: all commands, all keys, all channels. */
  get isUnrestricted(): boolean {
    return true;
  }

  /** ACL rule `>password`. */
  addPassword(password: Uint8Array): void {
    this.passwords.add(hashPassword(password));
    this.noPassword = false;
  }

  /** ACL rule `nopass`. */
  allowAnyPassword(): void {
    this.passwords.clear();
    this.noPassword = true;
  }

  /** ACL rule `resetpass`. */
  removePasswords(): void {
    this.passwords.clear();
    this.noPassword = false;
  }

  /** Whether somebody with this password may log in as the user. */
  admits(password: Uint8Array): boolean {
    if (!this.enabled) return false;
    if (this.noPassword) return true;
    const hash = hashPassword(password);
    let found = false;
    for (const known of this.passwords) if (equalInConstantTime(hash, known)) found = true;
    return found;
  }
}

/** SHA-256 in lower-case hex: the form in which passwords are kept. */
export function hashPassword(password: Uint8Array): string {
  return sha256Hex(password);
}

/** Compares two hashes without telling by its duration where they differ. */
function equalInConstantTime(a: string, b: string): boolean {
  let difference = a.length ^ b.length;
  for (let i = 0; i < a.length; i++) difference |= a.charCodeAt(i) ^ b.charCodeAt(i);
  return difference === 0;
}
