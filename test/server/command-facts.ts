/** What redis-server 7.0.15 says of its commands (COMMAND and COMMAND DOCS, texts left out): commands-7.0.json. */
import { readFileSync } from 'node:fs';

export interface ArgumentFacts {
  readonly name: string;
  readonly type: string;
  readonly key_spec_index?: number;
  readonly token?: string;
  readonly since?: string;
  readonly deprecated_since?: string;
  readonly flags?: readonly string[];
  readonly arguments?: readonly ArgumentFacts[];
}

export interface KeySpecFacts {
  readonly flags: readonly string[];
  readonly begin_search: Readonly<Record<string, string | number>>;
  readonly find_keys: Readonly<Record<string, string | number>>;
}

export interface CommandFacts {
  /** "get", "config|get". */
  readonly name: string;
  readonly arity: number;
  readonly flags: readonly string[];
  readonly first_key: number;
  readonly last_key: number;
  readonly key_step: number;
  readonly acl_categories: readonly string[];
  readonly tips: readonly string[];
  readonly key_specs: readonly KeySpecFacts[];
  readonly group: string;
  readonly since: string;
  readonly doc_flags?: readonly string[];
  readonly deprecated_since?: string;
  readonly replaced_by?: string;
  readonly arguments?: readonly ArgumentFacts[];
  readonly subcommands?: readonly CommandFacts[];
}

/** All commands and subcommands, by name. */
export function readCommandFacts(): Map<string, CommandFacts> {
  const text = readFileSync(new URL('./commands-7.0.json', import.meta.url), 'utf8');
  const { commands } = JSON.parse(text) as { commands: CommandFacts[] };
  return new Map(
    commands.flatMap((command) => [command, ...(command.subcommands ?? [])].map((each) => [each.name, each])),
  );
}
