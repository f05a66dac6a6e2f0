/**
 * The subcommands of CLIENT about client-side caching. What they show and change are the bits and fields of the
 * session: SESSION.tracking and its modes, `trackingRedirect`, `trackingPrefixes`.
 */
import { fail, SYNTAX_ERROR } from '../core/errors.ts';
import type { Row } from '../commands/row.ts';
import type { Call } from './call.ts';
import { SESSION, type Session } from './session.ts';

const CACHING_NEEDS_TRACKING =
  'ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled';
const YES_NEEDS_OPTIN = 'ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.';
const NO_NEEDS_OPTOUT = 'ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.';

/** Says whether the keys of the next command are tracked, against what the mode says. */
function caching(c: Call): void {
  const { args, session } = c;
  if (!session.has(SESSION.tracking)) fail(CACHING_NEEDS_TRACKING);
  if (args.is(2, 'yes')) {
    if (!session.has(SESSION.trackingOptIn)) fail(YES_NEEDS_OPTIN);
  } else if (args.is(2, 'no')) {
    if (!session.has(SESSION.trackingOptOut)) fail(NO_NEEDS_OPTOUT);
  } else fail(SYNTAX_ERROR);
  session.set(SESSION.trackingCaching);
  c.reply.ok();
}

function trackingFlags(session: Session): string[] {
  const words = [session.has(SESSION.tracking) ? 'on' : 'off'];
  const isCaching = session.has(SESSION.trackingCaching);
  if (session.has(SESSION.trackingBroadcast)) words.push('bcast');
  if (session.has(SESSION.trackingOptIn)) words.push('optin', ...(isCaching ? ['caching-yes'] : []));
  if (session.has(SESSION.trackingOptOut)) words.push('optout', ...(isCaching ? ['caching-no'] : []));
  if (session.has(SESSION.trackingNoLoop)) words.push('noloop');
  if (session.has(SESSION.brokenRedirect)) words.push('broken_redirect');
  return words;
}

function trackingInfo(c: Call): void {
  const { reply, session } = c;
  const flags = trackingFlags(session);
  reply.map(3);
  reply.bulkBinary('flags');
  reply.set(flags.length);
  for (const flag of flags) reply.bulkBinary(flag);
  reply.bulkBinary('redirect');
  reply.integer(session.trackingRedirect);
  reply.bulkBinary('prefixes');
  reply.bulkArray(session.trackingPrefixes);
}

const QUIET = ['noscript', 'loading', 'stale'] as const;

export const trackingSubcommands: readonly Row<Call>[] = [
  {
    name: 'caching',
    arity: 3,
    flags: QUIET,
    since: '6.0.0',
    summary: 'Says whether the keys of the next command are tracked',
    complexity: 'O(1)',
    syntax: 'mode=<YES | NO>',
    run: caching,
  },
  {
    name: 'getredir',
    arity: 2,
    flags: QUIET,
    since: '6.0.0',
    summary: 'Replies the id of the client to which invalidations are redirected',
    complexity: 'O(1)',
    run: (c) => c.reply.integer(c.session.trackingRedirect),
  },
  {
    name: 'trackinginfo',
    arity: 2,
    flags: QUIET,
    since: '6.2.0',
    summary: 'Describes the client-side caching of the connection',
    complexity: 'O(1)',
    run: trackingInfo,
  },
];
