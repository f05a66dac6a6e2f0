/**
 * What clients may rely on. H1, H3 and H7 need nothing but operations, so they judge recorded histories of real servers as
 * well (`historyProblems`); the others need the oracle.
 */
import type { MakeChecker } from '../checker.ts';
import type { HistoryEntry, Reply } from '../history.ts';
import { type Fates, isWithoutEffect, isWrite, type Lost } from '../oracle/fate.ts';
import type { Ground } from '../oracle/ground.ts';
import type { Branch, Place } from '../oracle/lineage.ts';
import type { Witness } from '../oracle/witness.ts';
import type { Run } from '../run.ts';
import { durabilityProblems } from './durability.ts';
import { type Fail, group, type Judge } from './group.ts';
import { Handovers } from './handovers.ts';
import { keyProblem } from './linearizable.ts';
import { byKey, commandsOf, type KeyOperation, type Operation, Operations } from './operations.ts';

export const HISTORY_PROMISES = {
  H1: 'A read returns what somebody wrote to that key.',
  H2: 'What was refused with an error, or never sent, has no effect; and nothing happens twice.',
  H3: 'While one master serves, what clients see of a key is as if one thing happened after the other.',
  H4: 'A write that was acknowledged is there, unless its master was given up for another one without its agreement.',
  H5: 'What an append-only file had to keep when a server stopped is there when it comes back (appendfsync).',
  H6: 'What was deleted does not come back, unless its deletion was on a way that was given up.',
  H7: 'Of one server, while its role and its history stay the same, clients see one order of things; EXEC is all or nothing.',
} as const;

const READS = new Set(['GET', 'LRANGE', 'SMEMBERS']);

/** A span of time in which one server had the same role and the same history. */
export interface Era {
  readonly node: string;
  readonly fromMs: number;
  readonly toMs: number;
}

/** What clients saw of the servers, judged without knowing what servers did. @param eras none means one, of all servers. */
export function historyProblems(operations: readonly Operation[], eras: readonly Era[] | null): [string, string][] {
  const seen = byKey(operations);
  return [...phantoms(operations), ...(eras === null ? disorder(seen) : disorderIn(eras, operations, seen))];
}

function phantoms(operations: readonly Operation[]): [string, string][] {
  const problem = phantomProblem(operations);
  return problem === null ? [] : [['H1', problem]];
}

/** What was done to each key. */
type Seen = ReadonlyMap<string, readonly KeyOperation[]>;

function disorder(seen: Seen): [string, string][] {
  const problems = [...seen.values()].map(keyProblem).filter((problem) => problem !== null);
  return problems.map((problem) => ['H3', problem]);
}

function disorderIn(eras: readonly Era[], operations: readonly Operation[], seen: Seen): [string, string][] {
  const answered = new Map<string, Operation[]>();
  for (const operation of operations) {
    if (operation.outcome !== 'ok') continue;
    const list = answered.get(operation.at);
    if (list === undefined) answered.set(operation.at, [operation]);
    else list.push(operation);
  }
  return eras.flatMap((era): [string, string][] => {
    const problem = eraProblem(seen, answered.get(era.node) ?? [], era);
    return problem === null ? [] : [['H7', `${problem} (${era.node})`]];
  });
}

/** A value that nobody wrote to that key, or that was refused. */
function phantomProblem(operations: readonly Operation[]): string | null {
  const written = new Map<string, Set<string>>();
  for (const { words } of operations) {
    for (const [name, key, value] of commandsOf(words)) {
      if (name !== 'SET' && name !== 'RPUSH' && name !== 'SADD') continue;
      const values = written.get(key!);
      if (values === undefined) written.set(key!, new Set([value!]));
      else values.add(value!);
    }
  }
  for (const { words, outcome, reply, client } of operations) {
    if (outcome !== 'ok' || !READS.has(words[0]!) || reply === null) continue;
    const values: readonly Reply[] = Array.isArray(reply) ? (reply as readonly Reply[]) : [reply];
    const phantom = values.find((value) => !(written.get(words[1]!)?.has(String(value as string)) ?? false));
    if (phantom !== undefined) return `${client} read ${String(phantom as string)} of ${words[1]}, which nobody wrote`;
  }
  return null;
}

/**
 * What was done outside of the era may have happened at any time, as far as its server is concerned.
 * @param answered by that server.
 */
function eraProblem(seen: Seen, answered: readonly Operation[], { node, fromMs, toMs }: Era): string | null {
  const isInside = ({ at, start, end, outcome }: KeyOperation | Operation): boolean =>
    outcome === 'ok' && at === node && start >= fromMs && end <= toMs;
  if (answered.filter(isInside).length < 2) return null;
  for (const list of seen.values()) {
    const inside: KeyOperation[] = [];
    const elsewhere: KeyOperation[] = [];
    for (const operation of list) {
      if (isInside(operation)) inside.push(operation);
      else if (operation.outcome !== 'fail' && !READS.has(operation.name)) {
        elsewhere.push({ ...operation, start: -Infinity, end: Infinity, outcome: 'info' });
      }
    }
    if (inside.length === 0) continue;
    const problem = keyProblem([...inside, ...elsewhere]);
    if (problem !== null) return problem;
  }
  return null;
}

/** Makers for one run. @param ground what the oracle knows, which was made before. */
export function historyCheckers(ground: Ground): MakeChecker[] {
  return group(HISTORY_PROMISES, (run: Run, fail: Fail): Judge => new ClientJudge(run, ground, fail));
}

class ClientJudge implements Judge {
  readonly #run: Run;
  readonly #ground: Ground;
  readonly #witness: Witness;
  readonly #fail: Fail;
  readonly #operations = new Operations();
  readonly #handovers = new Handovers();
  /** Whether one master has served all along. */
  #isCalm = true;

  constructor(run: Run, ground: Ground, fail: Fail) {
    this.#run = run;
    this.#ground = ground;
    this.#witness = ground.witness;
    this.#fail = fail;
  }

  onEntry(entry: HistoryEntry): void {
    this.#handovers.onEntry(entry);
    if (entry.kind === 'op') this.#operations.take(entry);
    else if (this.#run.phase !== 'start' && isUpheaval(entry)) this.#isCalm = false;
  }

  atEnd(): void {
    const { all } = this.#operations;
    if (all.length === 0) return;
    if (this.#isCalm) this.#run.coverage.add('calm run');
    const seen = byKey(all);
    const problems = [
      ...phantoms(all),
      ...(this.#isCalm ? disorder(seen) : []),
      ...disorderIn(this.#eras(), all, seen),
    ];
    for (const [id, text] of problems) this.#fail(id, text);
    this.#countHandovers();
    const fates = this.#ground.fates(this.#run);
    this.#judgeExecutions(fates);
    this.#judgeFates(fates);
    for (const text of durabilityProblems(this.#run, this.#witness, fates, all)) this.#fail('H5', text);
  }

  #countHandovers(): void {
    const clean = this.#witness.promotions.filter(({ timeMs }) => this.#handovers.isClean(timeMs));
    if (clean.length > 0) this.#run.coverage.add('handover by agreement', clean.length);
  }

  #eras(): Era[] {
    const { nowMs } = this.#run.world;
    return [...this.#witness.all].flatMap(({ node, eras }) =>
      eras.map((fromMs, at) => ({ node, fromMs, toMs: eras[at + 1] ?? nowMs })),
    );
  }

  #judgeExecutions({ executions }: Fates): void {
    for (const operation of this.#operations.all) {
      if (!isWrite(operation)) continue;
      const places = executions.of(operation.id);
      const what = (): string => `${operation.words.join(' ')} (${operation.client})`;
      if (operation.outcome === 'fail' && places.length > 0) this.#fail('H2', `${what()} was refused and executed`);
      if (places.length > 1) this.#fail('H2', `${what()} was executed ${places.length} times`);
      const commands = commandsOf(operation.words).length;
      const done = executions.commandsOf(operation.id);
      if (done > 0 && done < commands)
        this.#fail('H7', `${what()} has had ${done} of its ${commands} commands executed`);
    }
  }

  #judgeFates(fates: Fates): void {
    for (const operation of this.#operations.all) {
      if (operation.outcome !== 'ok' || !isWrite(operation) || isWithoutEffect(operation)) continue;
      const fate = fates.of(operation);
      const { client, words, id } = operation;
      const what = (): string => `${words.join(' ')} (${client})`;
      if (fate.kind === 'unexecuted') this.#fail('H4', `${what()} was acknowledged, and nobody executed it`);
      else if (fate.kind === 'moved') this.#run.exemptions.add('H4 slot has another owner');
      else if (fate.kind === 'lost') {
        this.#run.lost.push({ client, op: id, words, reason: fate.reason });
        this.#run.coverage.add('lost write');
        if (!fate.isExplained) this.#fail('H4', `${what()} is gone: ${fate.reason}`);
        else if (this.#wasHandedOver(fate)) {
          this.#fail('H4', `${what()} is gone, though its master had handed over by agreement: ${fate.reason}`);
        }
      }
    }
    this.#judgeDeletions(fates);
  }

  /** Whether it is on the way that was handed over. One who came back with old files has a way of his own. */
  #wasHandedOver({ taken, left }: Lost): boolean {
    return left === null && taken?.origin.birth === 'promotion' && this.#handovers.isClean(taken.origin.timeMs);
  }

  /** On the way that was kept, what was written before a deletion in time is before it in order, too. */
  #judgeDeletions(fates: Fates): void {
    const kept = this.#operations.all.filter(
      (operation) =>
        operation.outcome === 'ok' &&
        /^(?:DEL|SET)$/.test(operation.words[0]!) &&
        !isWithoutEffect(operation) &&
        fates.of(operation).kind === 'kept',
    );
    for (const list of byNamedKey(kept).values()) this.#judgeDeletionsOf(list, fates);
  }

  /** Of one key. What lies on one branch lies behind a place if the last of it does. */
  #judgeDeletionsOf(operations: readonly Operation[], { executions }: Fates): void {
    const { lineage } = this.#witness;
    const writes = operations.filter(({ words }) => words[0] === 'SET').toSorted((a, b) => a.end - b.end);
    const deletions = operations.filter(({ words }) => words[0] === 'DEL').toSorted((a, b) => a.start - b.start);
    const last = new Map<Branch, { readonly write: Operation; readonly place: Place }>();
    let over = 0;
    for (const deletion of deletions) {
      for (; over < writes.length && writes[over]!.end < deletion.start; over++) {
        const write = writes[over]!;
        const place = executions.of(write.id)[0]!;
        const before = last.get(place.branch);
        if (before === undefined || before.place.offset < place.offset) last.set(place.branch, { write, place });
      }
      const behind = executions.of(deletion.id)[0]!;
      for (const { write, place } of last.values()) {
        if (lineage.covers(behind, place)) continue;
        this.#fail('H6', `${write.words.join(' ')} came back: its deletion was over before it was written`);
      }
    }
  }
}

/** Of operations on one key each. */
function byNamedKey(operations: readonly Operation[]): Map<string, Operation[]> {
  const keys = new Map<string, Operation[]>();
  for (const operation of operations) {
    const key = operation.words[1]!;
    const list = keys.get(key);
    if (list === undefined) keys.set(key, [operation]);
    else list.push(operation);
  }
  return keys;
}

/** Something after which more than one master may have served. */
function isUpheaval(entry: HistoryEntry): boolean {
  if (entry.kind === 'role' || entry.kind === 'slots') return true;
  return entry.kind === 'process' && entry.state !== 'paused' && entry.state !== 'resumed';
}
