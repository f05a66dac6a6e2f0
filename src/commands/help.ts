/** The HELP subcommand that every container has, and the error that refers to it. */
import { fail } from '../core/errors.ts';
import type { Context } from './context.ts';

/**
 * Replies one line per element: how to call the container, what it can do, and HELP itself.
 * @param lines a synopsis at the margin, what it does behind four blanks below it.
 */
export function replyHelp(c: Context, lines: readonly string[]): void {
  const container = c.args.binary(0).toUpperCase();
  c.reply.help([
    `${container} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:`,
    ...lines,
    'HELP',
    '    Prints this help.',
  ]);
}

/** Fails a subcommand whose number of arguments no synopsis allows, where the row's arity lets it pass. */
export function failSubcommand(c: Context): never {
  const container = c.args.binary(0).toUpperCase();
  const subcommand = c.args.cString(1).slice(0, 128);
  return fail(`ERR unknown subcommand or wrong number of arguments for '${subcommand}'. Try ${container} HELP.`);
}
