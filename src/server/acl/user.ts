/** A user: who may log in, and whether rules restrict what the session may do. */
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
}
