/**
 * The language of access rules: one word changes one thing about a user (acl.c ACLSetUser, ACLSetSelector).
 *
 * Keywords and names of commands come in any case. Rules about a selector change the user's root selector; those in
 * parentheses make a further one. Redis reads words up to their first NUL, passwords to their end; so does this.
 */
import { bytesOf, cString, lowerCaseAscii } from '../../core/latin1.ts';
import { isLowerHex } from '../../core/hex.ts';
import { splitArguments } from '../../core/split-args.ts';
import { ACCESS, READ_WRITE, Selector } from './selector.ts';
import { hashPassword, type User } from './user.ts';

export const UNKNOWN_COMMAND = 'Unknown command or category name in ACL';
const BAD_SYNTAX = 'Syntax error';
const AFTER_ALL_KEYS = afterAll('allkeys', 'resetkeys', 'patterns');
const AFTER_ALL_CHANNELS = afterAll('allchannels', 'resetchannels', 'channels');
const UNKNOWN_PASSWORD = 'The password you are trying to remove from the user does not exist';
const BAD_HASH = 'The password hash must be exactly 64 characters and contain only lowercase hexadecimal characters';
const FIRST_ARGUMENT_OF_SUBCOMMAND = 'Allowing first-arg of a subcommand is not supported';
const HASH_CHARS = 64;

function afterAll(flag: string, reset: string, list: string): string {
  return (
    `Adding a pattern after the * pattern (or the '${flag}' flag) is not valid and does not have any effect. ` +
    `Try '${reset}' to start with an empty list of ${list}`
  );
}

/** Where rules are applied. */
export interface RuleContext {
  /** acl-pubsub-default: what new selectors begin with. */
  readonly allChannelsByDefault: boolean;
  /** A rule is accepted that is better not used. */
  warn?(message: string): void;
}

/** Applies one rule. @returns why it cannot be, or null. */
export function applyRule(user: User, rule: string, context: RuleContext): string | null {
  if (rule === '') return null;
  const word = lowerCaseAscii(cString(rule));
  if (applyUserKeyword(user, word, context)) return null;
  const first = rule[0]!;
  if (first === '>' || first === '#') return addPassword(user, rule);
  if (first === '<' || first === '!') return removePassword(user, rule);
  if (first === '(' && rule.endsWith(')')) return addSelector(user, rule, context);
  return applySelectorRule(user.root, rule, context);
}

function applyUserKeyword(user: User, word: string, context: RuleContext): boolean {
  if (word === 'on' || word === 'off') user.enabled = word === 'on';
  else if (word === 'sanitize-payload' || word === 'skip-sanitize-payload') user.sanitization = word;
  else if (word === 'nopass') user.allowAnyPassword();
  else if (word === 'resetpass') user.removePasswords();
  else if (word === 'clearselectors') user.selectors.length = 1;
  else if (word === 'reset') user.reset(context.allChannelsByDefault);
  else return false;
  return true;
}

function addPassword(user: User, rule: string): string | null {
  const rest = rule.slice(1);
  if (rule.startsWith('#') && !isLowerHex(rest, HASH_CHARS)) return BAD_HASH;
  user.addHash(rule.startsWith('#') ? rest : hashPassword(bytesOf(rest)));
  return null;
}

function removePassword(user: User, rule: string): string | null {
  const rest = rule.slice(1);
  if (rule.startsWith('!') && !isLowerHex(rest, HASH_CHARS)) return BAD_HASH;
  const hash = rule.startsWith('!') ? rest : hashPassword(bytesOf(rest));
  return user.passwords.delete(hash) ? null : UNKNOWN_PASSWORD;
}

function addSelector(user: User, rule: string, context: RuleContext): string | null {
  const selector = new Selector(user.root.commands.catalog, context.allChannelsByDefault);
  for (const inner of splitArguments(rule.slice(1, -1)) ?? []) {
    const error = applySelectorRule(selector, inner, context);
    if (error !== null) return error;
  }
  user.selectors.push(selector);
  return null;
}

// ---------------------------------------------------------------------------------------------------------- selectors

function applySelectorRule(selector: Selector, rule: string, context: RuleContext): string | null {
  const text = cString(rule);
  if (applySelectorKeyword(selector, lowerCaseAscii(text))) return null;
  const first = rule[0];
  if (first === '~' || first === '%') return addKeyPattern(selector, rule);
  if (first === '&') return addChannelPattern(selector, rule);
  if (first !== '+' && first !== '-') return BAD_SYNTAX;
  if (text[1] === '@') return setCategory(selector, text);
  return first === '+' ? allowCommand(selector, text.slice(1), context) : refuseCommand(selector, text.slice(1));
}

function applySelectorKeyword(selector: Selector, word: string): boolean {
  if (word === 'allkeys' || word === '~*') selector.setAllKeys(true);
  else if (word === 'resetkeys') selector.setAllKeys(false);
  else if (word === 'allchannels' || word === '&*') selector.setAllChannels(true);
  else if (word === 'resetchannels') selector.setAllChannels(false);
  else if (word === 'allcommands' || word === '+@all') selector.commands.setAll(true);
  else if (word === 'nocommands' || word === '-@all') selector.commands.setAll(false);
  else return false;
  return true;
}

function addKeyPattern(selector: Selector, rule: string): string | null {
  if (selector.allKeys) return AFTER_ALL_KEYS;
  let access: number = READ_WRITE;
  let at = 1;
  if (rule.startsWith('%')) {
    access = 0;
    for (; at < rule.length; at++) {
      if (rule[at] === '~') {
        at++;
        break;
      }
      const bit = { r: ACCESS.read, w: ACCESS.write }[rule[at]!.toLowerCase()] ?? 0;
      if (bit === 0 || (access & bit) !== 0) return BAD_SYNTAX;
      access |= bit;
    }
    // redis-server accepts a pattern that permits nothing, and dies when it is to show it.
    if (access === 0) return BAD_SYNTAX;
  }
  const pattern = rule.slice(at);
  if (hasSpaces(pattern)) return BAD_SYNTAX;
  selector.addKeyPattern(pattern, access);
  return null;
}

function addChannelPattern(selector: Selector, rule: string): string | null {
  if (selector.allChannels) return AFTER_ALL_CHANNELS;
  const pattern = rule.slice(1);
  if (hasSpaces(pattern)) return BAD_SYNTAX;
  selector.addChannelPattern(pattern);
  return null;
}

function setCategory({ commands }: Selector, text: string): string | null {
  const members = commands.catalog.category(text.slice(2));
  if (members === null) return UNKNOWN_COMMAND;
  commands.setCategory(members, text.startsWith('+'));
  return null;
}

function refuseCommand({ commands }: Selector, name: string): string | null {
  const command = commands.catalog.command(name);
  if (command === null) return UNKNOWN_COMMAND;
  commands.set(command, false);
  return null;
}

function allowCommand({ commands }: Selector, name: string, context: RuleContext): string | null {
  const bar = name.lastIndexOf('|');
  const command = commands.catalog.command(bar < 0 ? name : name.slice(0, bar));
  if (command === null) return UNKNOWN_COMMAND;
  if (bar < 0) {
    commands.set(command, true);
    return null;
  }
  if (command.parent !== null) return FIRST_ARGUMENT_OF_SUBCOMMAND;
  const word = name.slice(bar + 1);
  if (word === '') return BAD_SYNTAX;
  if (command.subcommands.length === 0) {
    context.warn?.(
      'Deprecation warning: Allowing a first arg of an otherwise blocked command is a misuse of ACL and may get ' +
        `disabled in the future (offender: +${name})`,
    );
    commands.allowFirstArgument(command, word);
    return null;
  }
  const sub = commands.catalog.command(name);
  if (sub === null) return UNKNOWN_COMMAND;
  commands.set(sub, true);
  return null;
}

// -------------------------------------------------------------------------------------------------------------- words

/** Names and patterns must survive a file whose words are separated by blanks. */
export function hasSpaces(text: string): boolean {
  return /[ \t\n\v\f\r\0]/.test(text);
}

/** Rules with each selector as one word, or where the parenthesis stands that nobody closes. */
export type MergedRules = { readonly rules: string[] } | { readonly unmatched: number };

/** People write a selector in several words; it is one rule. */
export function mergeSelectors(words: readonly string[]): MergedRules {
  const rules: string[] = [];
  let open = -1;
  let selector = '';
  for (const [index, word] of words.entries()) {
    if (word.startsWith('(') && !word.endsWith(')')) {
      open = index;
      selector = word;
    } else if (open < 0) rules.push(word);
    else {
      selector += ` ${cString(word)}`;
      if (!word.endsWith(')')) continue;
      rules.push(selector);
      open = -1;
    }
  }
  return open < 0 ? { rules } : { unmatched: open };
}
