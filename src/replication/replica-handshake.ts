/**
 * How a replica introduces itself to its master: a machine without I/O.
 *
 *   connecting --opened--> ping -> auth -> port -> address -> capa -> psync -> (continues | receives | gives up)
 *
 * `step` takes the phase, what happened (the connection opened, a line came) and the settings as they are then, and returns
 * the next phase and what is to be done, in order. AUTH and all REPLCONFs leave in one burst; their answers are awaited one
 * after the other. Nearly every surprise has the same answer: close, and try again a second later (`retry`). A master that
 * does not know PSYNC is asked with SYNC on the same connection.
 *
 * Facts: replication.c syncWithMaster, slaveTryPartialResynchronization.
 */
import { ID_LENGTH } from '../core/ids.ts';
import type { LogLevel } from '../server/log.ts';

export type HandshakePhase = 'connecting' | 'ping' | 'auth' | 'port' | 'address' | 'capa' | 'psync' | 'over';

/** A place in a history from which to go on. */
export interface Place {
  readonly id: string;
  /** Offset of the last byte that we have. */
  readonly offset: number;
}

export interface HandshakeSettings {
  /** masteruser, '' for none. */
  readonly user: string;
  /** masterauth, '' for none. */
  readonly password: string;
  readonly port: number;
  /** replica-announce-ip, '' for none. */
  readonly address: string;
  readonly place: Place | null;
  /** We are a master that hands its role over. */
  readonly isFailover: boolean;
}

export type HandshakeEvent = { readonly kind: 'opened' } | { readonly kind: 'line'; readonly line: string };

export type HandshakeEffect =
  | { readonly kind: 'log'; readonly level: LogLevel; readonly text: string }
  | { readonly kind: 'command'; readonly words: readonly string[] }
  /** SYNC, as one types it. */
  | { readonly kind: 'inline'; readonly text: string }
  /** Close; the next attempt comes with the next tick. */
  | { readonly kind: 'retry' }
  /** The target of a failover agreed, or did not. */
  | { readonly kind: 'failover'; readonly accepted: boolean }
  /** The stream follows. @param id of the master's history, null if it did not tell. */
  | { readonly kind: 'continue'; readonly id: string | null }
  /** A snapshot follows, after which the stream has this place; null if the master does not know it. */
  | { readonly kind: 'receive'; readonly place: Place | null };

export interface HandshakeStep {
  readonly phase: HandshakePhase;
  readonly effects: readonly HandshakeEffect[];
}

const RETRY: HandshakeEffect = { kind: 'retry' };
const NOT_CRITICAL = '(Non critical) Master does not understand';

export function stepHandshake(
  phase: HandshakePhase,
  event: HandshakeEvent,
  settings: HandshakeSettings,
): HandshakeStep {
  if (event.kind === 'opened') {
    return {
      phase: 'ping',
      effects: [log('notice', 'Non blocking connect for SYNC fired the event.'), command('PING')],
    };
  }
  return onLine[phase](event.line, settings);
}

const onLine: Readonly<Record<HandshakePhase, (line: string, settings: HandshakeSettings) => HandshakeStep>> = {
  connecting: unexpected,
  ping: onPong,
  auth(line) {
    if (line.startsWith('-')) return over(log('warning', `Unable to AUTH to MASTER: ${line}`), RETRY);
    return { phase: 'port', effects: [] };
  },
  port: (line, settings) => ({
    phase: settings.address === '' ? 'capa' : 'address',
    effects: complaint(line, 'listening-port'),
  }),
  address: (line) => ({ phase: 'capa', effects: complaint(line, 'ip-address') }),
  capa(line, settings) {
    const { phase, effects } = askForStream(settings);
    return { phase, effects: [...complaint(line, 'capa'), ...effects] };
  },
  psync: onPsyncReply,
  over: unexpected,
};

function unexpected(): HandshakeStep {
  return over(RETRY);
}

function onPong(line: string, settings: HandshakeSettings): HandshakeStep {
  const isFine = ['+', '-NOAUTH', '-NOPERM', '-ERR operation not permitted'].some((start) => line.startsWith(start));
  if (!isFine) return over(log('warning', `Error reply to PING from master: '${line}'`), RETRY);
  const { user, password, port, address } = settings;
  const effects = [log('notice', 'Master replied to PING, replication can continue...')];
  if (password !== '') effects.push(command('AUTH', ...(user === '' ? [] : [user]), password));
  effects.push(command('REPLCONF', 'listening-port', String(port)));
  if (address !== '') effects.push(command('REPLCONF', 'ip-address', address));
  effects.push(command('REPLCONF', 'capa', 'eof', 'capa', 'psync2'));
  return { phase: password === '' ? 'port' : 'auth', effects };
}

function complaint(line: string, option: string): HandshakeEffect[] {
  return line.startsWith('-') ? [log('notice', `${NOT_CRITICAL} REPLCONF ${option}: ${line}`)] : [];
}

function askForStream({ place, isFailover }: HandshakeSettings): HandshakeStep {
  const from = place === null ? ['?', '-1'] : [place.id, String(place.offset + 1)];
  return {
    phase: 'psync',
    effects: [
      log(
        'notice',
        place === null
          ? 'Partial resynchronization not possible (no cached master)'
          : `Trying a partial resynchronization (request ${from.join(':')}).`,
      ),
      command('PSYNC', ...from, ...(isFailover ? ['FAILOVER'] : [])),
    ],
  };
}

function onPsyncReply(line: string, { isFailover }: HandshakeSettings): HandshakeStep {
  // A sign of life of a master that takes its time.
  if (line === '') return { phase: 'psync', effects: [] };
  const agreed: HandshakeEffect[] = isFailover ? [{ kind: 'failover', accepted: true }] : [];
  if (line.startsWith('+FULLRESYNC')) return over(...fullResync(line, agreed));
  if (line.startsWith('+CONTINUE')) {
    const id = line.slice('+CONTINUE '.length);
    return over(
      log('notice', 'Successful partial resynchronization with master.'),
      ...agreed,
      { kind: 'continue', id: id.length === ID_LENGTH ? id : null },
      log('notice', 'MASTER <-> REPLICA sync: Master accepted a Partial Resynchronization.'),
    );
  }
  return refused(line, isFailover);
}

function fullResync(line: string, agreed: HandshakeEffect[]): HandshakeEffect[] {
  const [, id, offset] = line.split(' ');
  if (id?.length !== ID_LENGTH || offset === undefined) {
    return [
      log('warning', 'Master replied with wrong +FULLRESYNC syntax.'),
      ...agreed,
      { kind: 'receive', place: null },
    ];
  }
  const place = { id, offset: Number.parseInt(offset, 10) || 0 };
  return [log('notice', `Full resync from master: ${id}:${place.offset}`), ...agreed, { kind: 'receive', place }];
}

function refused(line: string, isFailover: boolean): HandshakeStep {
  const isTransient = line.startsWith('-NOMASTERLINK') || line.startsWith('-LOADING');
  const reason = isTransient
    ? log('notice', `Master is currently unable to PSYNC but should be in the future: ${line}`)
    : line.startsWith('-ERR')
      ? log('notice', `Master does not support PSYNC or is in error state (reply: ${line})`)
      : log('warning', `Unexpected reply to PSYNC from master: ${line}`);
  if (isFailover) return over(reason, { kind: 'failover', accepted: false });
  if (isTransient) return over(reason, RETRY);
  return over(
    reason,
    log('notice', 'Retrying with SYNC...'),
    { kind: 'inline', text: 'SYNC\r\n' },
    { kind: 'receive', place: null },
  );
}

function log(level: LogLevel, text: string): HandshakeEffect {
  return { kind: 'log', level, text };
}

function command(...words: string[]): HandshakeEffect {
  return { kind: 'command', words };
}

function over(...effects: HandshakeEffect[]): HandshakeStep {
  return { phase: 'over', effects };
}
