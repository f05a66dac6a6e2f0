/** What redis-server 7.0.15 says of its commands (COMMAND and COMMAND DOCS, texts left out): commands-7.0.json. */
import { readFileSync } from 'node:fs';
import type { KeySpec } from '../../src/commands/row.ts';
import { type ArgumentDoc, parseSyntax } from '../../src/server/command-docs.ts';
import type { Command } from '../../src/server/command-table.ts';

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

/** All commands and subcommands, by name; of a sentinel, if that is asked for. */
export function readCommandFacts(mode: 'server' | 'sentinel' = 'server'): Map<string, CommandFacts> {
  const text = readFileSync(new URL('./commands-7.0.json', import.meta.url), 'utf8');
  const facts = JSON.parse(text) as { commands: CommandFacts[]; sentinel_mode: { commands: CommandFacts[] } };
  const { commands } = mode === 'server' ? facts : facts.sentinel_mode;
  return new Map(
    commands.flatMap((command) => [command, ...(command.subcommands ?? [])].map((each) => [each.name, each])),
  );
}

/** The same of one of our commands. */
export function factsOf(command: Command): CommandFacts {
  return {
    name: command.fullName,
    arity: command.arity,
    flags: command.visibleFlags,
    first_key: command.legacyRange.first,
    last_key: command.legacyRange.last,
    key_step: command.legacyRange.step,
    acl_categories: command.categories.map((name) => `@${name}`),
    tips: command.row.tips ?? [],
    key_specs: command.keys.map(describeSpec),
    group: command.group,
    since: command.row.since,
    ...docFlags(command),
    ...(command.row.deprecated && {
      deprecated_since: command.row.deprecated.since,
      replaced_by: command.row.deprecated.instead,
    }),
    ...(command.row.syntax !== undefined && { arguments: parseSyntax(command.row.syntax).map(describeArgument) }),
  };
}

function docFlags({ row }: Command): { doc_flags?: string[] } {
  const flags = [...(row.deprecated ? ['deprecated'] : []), ...(row.internal ? ['syscmd'] : [])];
  return flags.length === 0 ? {} : { doc_flags: flags };
}

function describeSpec({ flags, begin, find }: KeySpec): KeySpecFacts {
  return {
    flags: flags.split(' ').filter((word) => word !== ''),
    begin_search:
      'index' in begin
        ? { type: 'index', index: begin.index }
        : 'keyword' in begin
          ? { type: 'keyword', keyword: begin.keyword, startfrom: begin.from }
          : { type: 'unknown' },
    find_keys:
      'last' in find
        ? { type: 'range', lastkey: find.last, keystep: find.step, limit: find.limit }
        : 'count' in find
          ? { type: 'keynum', keynumidx: find.count, firstkey: find.first, keystep: find.step }
          : { type: 'unknown' },
  };
}

function describeArgument(argument: ArgumentDoc): ArgumentFacts {
  const flags = [
    ...(argument.optional ? ['optional'] : []),
    ...(argument.multiple ? ['multiple'] : []),
    ...(argument.multipleToken ? ['multiple_token'] : []),
  ];
  return {
    name: argument.name,
    type: argument.type,
    ...(argument.keySpec !== null && { key_spec_index: argument.keySpec }),
    ...(argument.token !== null && { token: argument.token }),
    ...(argument.since !== null && { since: argument.since }),
    ...(argument.deprecatedSince !== null && { deprecated_since: argument.deprecatedSince }),
    ...(flags.length > 0 && { flags }),
    ...(argument.arguments.length > 0 && { arguments: argument.arguments.map(describeArgument) }),
  };
}
