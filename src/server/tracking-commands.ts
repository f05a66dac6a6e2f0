/**
 * The subcommands of CLIENT about client-side caching. What they show and change are the bits and fields of the
 * session: SESSION.tracking and its modes, `trackingRedirect`, `trackingPrefixes`.
 */
import { fail, SYNTAX_ERROR } from '../core/errors.ts';
import { cString } from '../core/latin1.ts';
import type { Row } from '../commands/row.ts';
import type { Call } from './call.ts';
import { SESSION, type Session } from './session.ts';
import type { TrackingOptions } from './tracking.ts';

const CACHING_NEEDS_TRACKING =
  'ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled';
const ONLY_ANEW = 'before disabling tracking for this client, and then re-enabling it with a different mode.';
const YES_NEEDS_OPTIN = 'ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.';
const NO_NEEDS_OPTOUT = 'ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.';

// ----------------------------------------------------------------------------------------------------------- on and off

function tracking(c: Call): void {
  const { args, server, session } = c;
  const options = parseOptions(c);
  if (args.is(2, 'on')) {
    checkModes(session, options);
    checkPrefixes(session, options.prefixes);
    server.tracking.enable(session, options);
  } else if (args.is(2, 'off')) server.tracking.disable(session);
  else fail(SYNTAX_ERROR);
  c.reply.ok();
}

function parseOptions(c: Call): TrackingOptions {
  const { args } = c;
  const prefixes: string[] = [];
  let modes = 0;
  let redirect = 0;
  for (let i = 3; i < args.count; i++) {
    const hasValue = i + 1 < args.count;
    if (hasValue && args.is(i, 'redirect')) redirect = redirection(c, ++i, redirect);
    else if (hasValue && args.is(i, 'prefix')) prefixes.push(args.binary(++i));
    else modes |= modeAt(c, i);
  }
  return { modes, redirect, prefixes };
}

function modeAt({ args }: Call, index: number): number {
  if (args.is(index, 'bcast')) return SESSION.trackingBroadcast;
  if (args.is(index, 'optin')) return SESSION.trackingOptIn;
  if (args.is(index, 'optout')) return SESSION.trackingOptOut;
  return args.is(index, 'noloop') ? SESSION.trackingNoLoop : fail(SYNTAX_ERROR);
}

/** The client whose id an argument gives; it must be there, though it may go later. */
function redirection(c: Call, index: number, earlier: number): number {
  if (earlier !== 0) fail('ERR A client can only redirect to a single other client');
  const id = Number(c.int64(index));
  return c.server.sessions.has(id) ? id : fail('ERR The client ID you want redirect to does not exist');
}

function checkModes(session: Session, { modes, prefixes }: TrackingOptions): void {
  const broadcasts = (modes & SESSION.trackingBroadcast) !== 0;
  const optsIn = (modes & SESSION.trackingOptIn) !== 0;
  const optsOut = (modes & SESSION.trackingOptOut) !== 0;
  if (!broadcasts && prefixes.length > 0) fail('ERR PREFIX option requires BCAST mode to be enabled');
  if (session.has(SESSION.tracking) && session.has(SESSION.trackingBroadcast) !== broadcasts) {
    fail(`ERR You can't switch BCAST mode on/off ${ONLY_ANEW}`);
  }
  if (broadcasts && (optsIn || optsOut)) fail('ERR OPTIN and OPTOUT are not compatible with BCAST');
  if (optsIn && optsOut) fail("ERR You can't specify both OPTIN mode and OPTOUT mode");
  if ((optsIn && session.has(SESSION.trackingOptOut)) || (optsOut && session.has(SESSION.trackingOptIn))) {
    fail(`ERR You can't switch OPTIN/OPTOUT mode ${ONLY_ANEW}`);
  }
}

/** No key may begin with two prefixes of a client, neither new ones nor those that it has. */
function checkPrefixes(session: Session, prefixes: readonly string[]): void {
  for (const [i, prefix] of prefixes.entries()) {
    const existing = session.trackingPrefixes.find((other) => overlap(prefix, other));
    if (existing !== undefined) failOverlap(prefix, `an existing prefix '${cString(existing)}'`);
    const another = prefixes.find((other, j) => j > i && overlap(prefix, other));
    if (another !== undefined) failOverlap(prefix, `another provided prefix '${cString(another)}'`);
  }
}

function overlap(a: string, b: string): boolean {
  return a.startsWith(b) || b.startsWith(a);
}

function failOverlap(prefix: string, other: string): never {
  return fail(`ERR Prefix '${cString(prefix)}' overlaps with ${other}. Prefixes for a single client must not overlap.`);
}

// -------------------------------------------------------------------------------------------------------------- caching

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

// --------------------------------------------------------------------------------------------------------------- asking

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
  reply.integer(session.shownRedirect);
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
    run: (c) => c.reply.integer(c.session.shownRedirect),
  },
  {
    name: 'tracking',
    arity: -3,
    flags: QUIET,
    since: '6.0.0',
    summary: 'Turns the invalidation of keys that the client has cached on or off',
    complexity: 'O(1), and O(N) for prefixes where N is their number',
    syntax: 'status=<ON | OFF> [REDIRECT client-id:integer] [PREFIX... prefix] [BCAST] [OPTIN] [OPTOUT] [NOLOOP]',
    run: tracking,
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
