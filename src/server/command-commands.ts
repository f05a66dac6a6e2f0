/**
 * COMMAND and its subcommands: the command table, told to clients. Everything here is read out of the rows. Redis
 * lists commands in the random order of its hash table; here they come in the order of the families.
 */
import { Arguments } from '../core/arguments.ts';
import { fail, SYNTAX_ERROR } from '../core/errors.ts';
import { Glob } from '../core/glob.ts';
import { lowerCaseAscii } from '../core/latin1.ts';
import { replyHelp } from '../commands/help.ts';
import { FoundKeys, findKeys, hasKeys } from '../commands/key-specs.ts';
import type { Category, KeySpec } from '../commands/row.ts';
import type { Reply } from '../protocol/reply.ts';
import type { Call } from './call.ts';
import { type ArgumentDoc, parseSyntax } from './command-docs.ts';
import { CATEGORIES, type Command, FLAG } from './command-table.ts';
import { serverFamily } from './rows.ts';

// --------------------------------------------------------------------------------------------------------------- info

function topLevel(c: Call): Command[] {
  return [...c.server.commands.byName.values()];
}

function statuses(reply: Reply, words: readonly string[]): void {
  reply.set(words.length);
  for (const word of words) reply.simple(word);
}

function replyInfo(reply: Reply, command: Command): void {
  const { first, last, step } = command.legacyRange;
  reply.array(10);
  reply.bulkBinary(command.fullName);
  reply.integer(command.arity);
  statuses(reply, command.visibleFlags);
  reply.integer(first);
  reply.integer(last);
  reply.integer(step);
  statuses(
    reply,
    command.categories.map((name) => `@${name}`),
  );
  const tips = command.row.tips ?? [];
  reply.set(tips.length);
  for (const tip of tips) reply.bulkBinary(tip);
  reply.set(command.keys.length);
  for (const spec of command.keys) replyKeySpec(reply, spec);
  if (command.subcommands.length === 0) reply.set(0);
  else reply.array(command.subcommands.length);
  for (const sub of command.subcommands) replyInfo(reply, sub);
}

function wordsOf(flags: string): string[] {
  return flags === '' ? [] : flags.split(' ');
}

type SpecHalf = readonly [type: string, fields: readonly (readonly [name: string, value: string | number])[]];

function replyKeySpec(reply: Reply, spec: KeySpec): void {
  reply.map(3);
  reply.bulkBinary('flags');
  statuses(reply, wordsOf(spec.flags));
  reply.bulkBinary('begin_search');
  replyHalf(reply, describeBegin(spec));
  reply.bulkBinary('find_keys');
  replyHalf(reply, describeFind(spec));
}

function describeBegin({ begin }: KeySpec): SpecHalf {
  if ('index' in begin) return ['index', [['index', begin.index]]];
  if ('unknown' in begin) return ['unknown', []];
  return [
    'keyword',
    [
      ['keyword', begin.keyword],
      ['startfrom', begin.from],
    ],
  ];
}

function describeFind({ find }: KeySpec): SpecHalf {
  if ('unknown' in find) return ['unknown', []];
  if ('count' in find) {
    return [
      'keynum',
      [
        ['keynumidx', find.count],
        ['firstkey', find.first],
        ['keystep', find.step],
      ],
    ];
  }
  return [
    'range',
    [
      ['lastkey', find.last],
      ['keystep', find.step],
      ['limit', find.limit],
    ],
  ];
}

function replyHalf(reply: Reply, [type, fields]: SpecHalf): void {
  reply.map(2);
  reply.bulkBinary('type');
  reply.bulkBinary(type);
  reply.bulkBinary('spec');
  reply.map(fields.length);
  for (const [name, value] of fields) {
    reply.bulkBinary(name);
    if (typeof value === 'number') reply.integer(value);
    else reply.bulkBinary(value);
  }
}

function replyAll(c: Call): void {
  const commands = topLevel(c);
  c.reply.array(commands.length);
  for (const command of commands) replyInfo(c.reply, command);
}

/** As clients name commands in arguments: "config|get"; a name that goes further than there is, names nothing. */
function named(c: Call, index: number): Command | null {
  return c.server.commands.named(c.args.binary(index));
}

function commandInfo(c: Call): void {
  if (c.args.count === 2) {
    replyAll(c);
    return;
  }
  c.reply.array(c.args.count - 2);
  for (let i = 2; i < c.args.count; i++) {
    const command = named(c, i);
    if (command === null) c.reply.nil();
    else replyInfo(c.reply, command);
  }
}

// --------------------------------------------------------------------------------------------------------------- docs

type Field = readonly [name: string, write: (reply: Reply) => void];

function text(name: string, value: string | null | undefined): Field[] {
  return value === null || value === undefined ? [] : [[name, (reply) => reply.bulkBinary(value)]];
}

function replyFields(reply: Reply, fields: readonly Field[]): void {
  reply.map(fields.length);
  for (const [name, write] of fields) {
    reply.bulkBinary(name);
    write(reply);
  }
}

function replyDocs(reply: Reply, command: Command): void {
  const { row, group, subcommands } = command;
  const flags = [...(row.deprecated ? ['deprecated'] : []), ...(row.internal ? ['syscmd'] : [])];
  const { history = [] } = row;
  replyFields(reply, [
    ...text('summary', row.summary),
    ...text('since', row.since),
    ...text('group', group),
    ...text('complexity', row.complexity),
    ...when(flags.length > 0, 'doc_flags', () => statuses(reply, flags)),
    ...text('deprecated_since', row.deprecated?.since),
    ...text('replaced_by', row.deprecated?.instead),
    ...when(history.length > 0, 'history', () => replyHistory(reply, history)),
    ...when(row.syntax !== undefined, 'arguments', () => replyArguments(reply, parseSyntax(row.syntax!))),
    ...when(subcommands.length > 0, 'subcommands', () => replySubcommandDocs(reply, subcommands)),
  ]);
}

function when(present: boolean, name: string, write: () => void): Field[] {
  return present ? [[name, write]] : [];
}

function replyHistory(reply: Reply, history: readonly (readonly [string, string])[]): void {
  reply.set(history.length);
  for (const change of history) reply.bulkArray(change);
}

function replySubcommandDocs(reply: Reply, subcommands: readonly Command[]): void {
  reply.map(subcommands.length);
  for (const sub of subcommands) {
    reply.bulkBinary(sub.fullName);
    replyDocs(reply, sub);
  }
}

function replyArguments(reply: Reply, list: readonly ArgumentDoc[]): void {
  reply.array(list.length);
  for (const argument of list) {
    const flags = [
      ...(argument.optional ? ['optional'] : []),
      ...(argument.multiple ? ['multiple'] : []),
      ...(argument.multipleToken ? ['multiple_token'] : []),
    ];
    const isGroup = argument.type === 'oneof' || argument.type === 'block';
    replyFields(reply, [
      ...text('name', argument.name),
      ...text('type', argument.type),
      ...when(argument.keySpec !== null, 'key_spec_index', () => reply.integer(argument.keySpec!)),
      ...text('token', argument.token),
      ...text('since', argument.since),
      ...text('deprecated_since', argument.deprecatedSince),
      ...when(flags.length > 0, 'flags', () => statuses(reply, flags)),
      ...when(isGroup, 'arguments', () => replyArguments(reply, argument.arguments)),
    ]);
  }
}

function commandDocs(c: Call): void {
  const commands =
    c.args.count === 2
      ? topLevel(c)
      : Array.from({ length: c.args.count - 2 }, (_, i) => named(c, i + 2)).filter((command) => command !== null);
  c.reply.map(commands.length);
  for (const command of commands) {
    c.reply.bulkBinary(command.fullName);
    replyDocs(c.reply, command);
  }
}

// --------------------------------------------------------------------------------------------------------------- list

type Filter = (command: Command) => boolean;

function parseFilter(args: Arguments): Filter {
  if (args.count === 2) return () => true;
  if (args.count !== 5 || !args.is(2, 'filterby')) fail(SYNTAX_ERROR);
  if (args.is(3, 'module')) return () => false;
  if (args.is(3, 'aclcat')) {
    const category = lowerCaseAscii(args.binary(4)) as Category;
    return (command) => CATEGORIES.includes(category) && command.categories.includes(category);
  }
  if (!args.is(3, 'pattern')) fail(SYNTAX_ERROR);
  const glob = new Glob(args.copy(4), { ignoreCase: true });
  return (command) => glob.matchesBinary(command.fullName);
}

function commandList(c: Call): void {
  const filter = parseFilter(c.args);
  const all = topLevel(c).flatMap((command) => [command, ...command.subcommands]);
  c.reply.bulkArray(all.filter(filter).map(({ fullName }) => fullName));
}

// --------------------------------------------------------------------------------------------------------------- keys

/** The request that GETKEYS is asked about, as if it had come by itself. */
function innerRequest(args: Arguments): Arguments {
  const inner = new Arguments(args.bytes);
  for (let i = 2; i < args.count; i++) inner.push(args.starts[i]!, args.ends[i]!);
  return inner;
}

function replyKeys(c: Call, withFlags: boolean): void {
  const inner = innerRequest(c.args);
  const command = c.server.commands.find(inner);
  const isContainer = command !== null && command.subcommands.length > 0 && inner.count > 1;
  if (command === null || isContainer) return fail('ERR Invalid command specified');
  if (!hasKeys(command.row)) fail('ERR The command has no key arguments');
  if (!command.acceptsArity(inner.count)) fail('ERR Invalid number of arguments specified for command');
  const found = new FoundKeys();
  findKeys(command.row, inner, found);
  if (found.count === 0 && !command.has(FLAG.no_mandatory_keys)) fail('ERR Invalid arguments specified for command');
  c.reply.array(found.count);
  for (let i = 0; i < found.count; i++) {
    if (withFlags) c.reply.array(2);
    c.reply.bulkBytes(inner.view(found.indexes[i]!));
    if (withFlags) statuses(c.reply, wordsOf(found.flags[i]!));
  }
}

function commandHelp(c: Call): void {
  replyHelp(c, [
    '(no subcommand)',
    '    Describe every command.',
    'COUNT',
    '    Tell how many commands this server knows.',
    'DOCS [<command-name> ...]',
    '    Document the named commands, or all of them.',
    'GETKEYS <full-command>',
    '    List the keys among the arguments of a whole command.',
    'GETKEYSANDFLAGS <full-command>',
    '    List the keys of a whole command, each with what is done to it.',
    'INFO [<command-name> ...]',
    '    Describe the named commands, or all of them.',
    'LIST [FILTERBY (MODULE <module-name>|ACLCAT <category>|PATTERN <pattern>)]',
    '    List the names of all commands, or of those that pass the filter.',
  ]);
}

const flags = ['loading', 'stale'] as const;
const acl = ['connection'] as const;
const perCommand = 'O(N) where N is the number of commands to look up';
const perArgument = 'O(N) where N is the number of arguments to the command';

export const commandCommands = serverFamily('server', [
  {
    name: 'command',
    arity: -1,
    flags,
    acl,
    tips: ['nondeterministic_output_order'],
    since: '2.8.13',
    summary: 'Describes all commands',
    complexity: 'O(N) where N is the total number of Redis commands',
    run: replyAll,
    subcommands: [
      {
        name: 'count',
        arity: 2,
        flags,
        acl,
        since: '2.8.13',
        summary: 'Counts the commands of the server',
        complexity: 'O(1)',
        run: (c) => c.reply.integer(c.server.commands.byName.size),
      },
      {
        name: 'docs',
        arity: -2,
        flags,
        acl,
        tips: ['nondeterministic_output_order'],
        since: '7.0.0',
        summary: 'Documents commands: what they do, since when, and their arguments',
        complexity: perCommand,
        syntax: '[command-name ...]',
        run: commandDocs,
      },
      {
        name: 'getkeys',
        arity: -4,
        flags,
        acl,
        since: '2.8.13',
        summary: 'Finds the keys among the arguments of a command',
        complexity: perArgument,
        run: (c) => replyKeys(c, false),
      },
      {
        name: 'getkeysandflags',
        arity: -4,
        flags,
        acl,
        since: '7.0.0',
        summary: 'Finds the keys among the arguments of a command, and what it does to each',
        complexity: perArgument,
        run: (c) => replyKeys(c, true),
      },
      {
        name: 'help',
        arity: 2,
        flags,
        acl,
        since: '5.0.0',
        summary: 'Explains the subcommands',
        complexity: 'O(1)',
        run: commandHelp,
      },
      {
        name: 'info',
        arity: -2,
        flags,
        acl,
        tips: ['nondeterministic_output_order'],
        since: '2.8.13',
        summary: 'Describes some commands, or all of them',
        complexity: perCommand,
        history: [['7.0.0', 'Takes the names of subcommands, and no names at all.']],
        syntax: '[command-name ...]',
        run: commandInfo,
      },
      {
        name: 'list',
        arity: -2,
        flags,
        acl,
        tips: ['nondeterministic_output_order'],
        since: '7.0.0',
        summary: 'Lists the names of commands',
        complexity: 'O(N) where N is the total number of Redis commands',
        syntax: '[FILTERBY filterby=<MODULE module-name | ACLCAT category | PATTERN pattern>]',
        run: commandList,
      },
    ],
  },
]);
