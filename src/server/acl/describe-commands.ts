/**
 * The shortest usual way to write down a set of commands: ACL LIST, GETUSER and files show it in place of the rules
 * that were typed.
 *
 * It begins with everything or nothing. Then, over and over, the category is taken that fits best what is still to be
 * said, as long as one has more commands in common with it than not: fewest wrong ones first, then most right ones.
 * What the categories got wrong is put right command by command (acl.c ACLDescribeSelectorCommandRules). While the
 * description grows it is carried out on a set of its own, which in the end equals the set described.
 */
import { CATEGORIES, type Command } from '../command-table.ts';
import { CommandSet } from './command-set.ts';

export function describeCommands(set: CommandSet): string {
  const { catalog, allowsFuture } = set;
  const described = new CommandSet(catalog);
  described.setAll(allowsFuture);
  const rules = [allowsFuture ? '+@all' : '-@all'];
  for (const category of fittingCategories(set)) {
    rules.push(`${allowsFuture ? '-' : '+'}@${category}`);
    described.setCategory(catalog.category(category)!, !allowsFuture);
  }
  for (const command of catalog.roots) describeDifferences(command, set, described, rules);
  return rules.join(' ');
}

function fittingCategories(set: CommandSet): string[] {
  const rest = set.copy();
  const additive = !set.allowsFuture;
  const chosen = new Set<string>();
  for (;;) {
    const best = bestCategory(rest, additive, chosen);
    if (best === null) return [...chosen];
    chosen.add(best);
    rest.setCategory(set.catalog.category(best)!, !additive);
  }
}

function bestCategory(rest: CommandSet, additive: boolean, chosen: ReadonlySet<string>): string | null {
  let best: string | null = null;
  let fewestWrong = Infinity;
  let mostRight = 0;
  for (const category of CATEGORIES) {
    if (chosen.has(category)) continue;
    const commands = rest.catalog.category(category)!;
    const allowed = commands.filter(({ id }) => rest.has(id)).length;
    const right = additive ? allowed : commands.length - allowed;
    const wrong = commands.length - right;
    if (right <= wrong || wrong > fewestWrong || (wrong === fewestWrong && right <= mostRight)) continue;
    best = category;
    fewestWrong = wrong;
    mostRight = right;
  }
  return best;
}

function describeDifferences(command: Command, set: CommandSet, described: CommandSet, rules: string[]): void {
  const allowed = set.has(command.id);
  if (allowed !== described.has(command.id)) {
    rules.push(`${allowed ? '+' : '-'}${command.fullName}`);
    described.set(command, allowed);
  }
  for (const sub of command.subcommands) describeDifferences(sub, set, described, rules);
  if (allowed) return;
  for (const word of set.firstArguments(command)) rules.push(`+${command.fullName}|${word}`);
}
