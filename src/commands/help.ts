/** The HELP subcommand that every container has. */
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
