/**
 * A user: who may log in, and what the user may do once logged in. Users are changed by rules (rules.ts), on a copy
 * first: rules that are wrong change nothing. Sessions keep a reference to their user, so a change is taken over into
 * the object that they know.
 */
import { sha256Hex } from '../../core/sha256.ts';
import type { CommandCatalog } from './command-catalog.ts';
import { Selector } from './selector.ts';

export class User {
  readonly name: string;
  enabled = false;
  /** Any password will do. */
  noPassword = false;
  /** Whether RESTORE checks payloads of this user deeply; null until a rule says so. */
  sanitization: 'sanitize-payload' | 'skip-sanitize-payload' | null = null;
  /** SHA-256 of each password, in lower-case hex. */
  passwords = new Set<string>();
  /** The root selector, and those of rules in parentheses. */
  selectors: Selector[];

  constructor(name: string, catalog: CommandCatalog, allChannels: boolean) {
    this.name = name;
    this.selectors = [new Selector(catalog, allChannels)];
  }

  get root(): Selector {
    return this.selectors[0]!;
  }

  /** Whether no rule can refuse the user anything: all commands, all keys, all channels. */
  get isUnrestricted(): boolean {
    return this.selectors.some((selector) => selector.isUnrestricted);
  }

  /** The same rights, to try changes on. */
  copy(): User {
    const copy = new User(this.name, this.root.commands.catalog, false);
    copy.become(this);
    return copy;
  }

  /** Takes over the rights of another user. */
  become(other: User): void {
    this.enabled = other.enabled;
    this.noPassword = other.noPassword;
    this.sanitization = other.sanitization;
    this.passwords = new Set(other.passwords);
    this.selectors = other.selectors.map((selector) => selector.copy());
  }

  /** All rights, for everybody: the default user of a new server. */
  allowEverything(): void {
    this.enabled = true;
    this.allowAnyPassword();
    this.root.commands.setAll(true);
    this.root.setAllKeys(true);
    this.root.setAllChannels(true);
  }

  /** ACL rule `reset`. */
  reset(allChannels: boolean): void {
    this.enabled = false;
    this.removePasswords();
    this.sanitization = 'sanitize-payload';
    this.selectors.length = 1;
    this.root.setAllKeys(false);
    this.root.setAllChannels(allChannels);
    this.root.commands.setAll(false);
  }

  /** ACL rule `>password`. */
  addPassword(password: Uint8Array): void {
    this.addHash(hashPassword(password));
  }

  /** ACL rule `#hash`. */
  addHash(hash: string): void {
    this.passwords.add(hash);
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

  /** Flags as GETUSER shows them. */
  get flags(): string[] {
    const flags = [this.enabled ? 'on' : 'off'];
    if (this.noPassword) flags.push('nopass');
    if (this.sanitization !== null) flags.push(this.sanitization);
    return flags;
  }

  /** The user as a line of a file: `user name rules...`. */
  describe(): string {
    const [root, ...others] = this.selectors;
    return [
      'user',
      this.name,
      ...this.flags,
      ...Array.from(this.passwords, (hash) => `#${hash}`),
      root!.describe(),
      ...others.map((selector) => `(${selector.describe()})`),
    ].join(' ');
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
