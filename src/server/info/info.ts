/**
 * INFO: what a server says about itself, in sections of `field:value` lines.
 *
 * A section is one function from the server to its lines, in a file of this folder. This table gives the sections their
 * order, their titles and the names by which clients ask for them. Subsystems of higher floors that know more than the
 * defaults here put a function of their own in the place of a section: `provide('replication', ...)`.
 *
 * Strings are binary strings. Sections are separated by an empty line, lines end with CRLF (server.c genRedisInfoString).
 */
import { lowerCaseAscii } from '../../core/latin1.ts';
import type { Server } from '../server.ts';
import { clientsInfo } from './clients.ts';
import { clusterInfo } from './cluster.ts';
import { commandStatistics, errorStatistics, latencyStatistics } from './command-statistics.ts';
import { cpuInfo } from './cpu.ts';
import { keyspaceInfo } from './keyspace.ts';
import { memoryInfo } from './memory.ts';
import { persistenceInfo } from './persistence.ts';
import { replicationInfo } from './replication.ts';
import { serverInfo } from './server.ts';
import { statsInfo } from './stats.ts';

/** The lines of a section, without its title. */
export type SectionLines = (server: Server) => string[];

interface Section {
  readonly title: string;
  /** Names that select it; the first one is its own. */
  readonly names: readonly string[];
  /** Whether INFO without arguments shows it. */
  readonly isDefault: boolean;
  readonly lines: SectionLines;
}

function section(title: string, lines: SectionLines, isDefault = true, names = [title.toLowerCase()]): Section {
  return { title, names, isDefault, lines };
}

const SECTIONS: readonly Section[] = [
  section('Server', serverInfo),
  section('Clients', clientsInfo),
  section('Memory', memoryInfo),
  section('Persistence', persistenceInfo),
  section('Stats', statsInfo),
  section('Replication', replicationInfo),
  section('CPU', cpuInfo),
  section('Modules', () => [], true, ['modules', 'module_list']),
  section('Commandstats', commandStatistics, false),
  section('Errorstats', errorStatistics),
  section('Latencystats', latencyStatistics, false),
  section('Cluster', clusterInfo),
  section('Keyspace', keyspaceInfo),
];

export class Info {
  readonly #server: Server;
  readonly #provided = new Map<string, SectionLines>();

  constructor(server: Server) {
    this.#server = server;
  }

  /** Replaces the lines of a section, given by its name in small letters. */
  provide(name: string, lines: SectionLines): void {
    this.#provided.set(name, lines);
  }

  /** @param wanted section names, `default`, `all`, `everything`; none at all for the default sections. */
  text(wanted: readonly string[]): string {
    const names = new Set(wanted.map(lowerCaseAscii));
    const showsAll = names.has('all') || names.has('everything');
    const showsDefault = names.size === 0 || names.has('default');
    const isShown = ({ names: own, isDefault }: Section): boolean =>
      showsAll || (showsDefault && isDefault) || own.some((name) => names.has(name));
    return SECTIONS.filter(isShown)
      .map(({ title, names: [name], lines }) => {
        const all = [`# ${title}`, ...(this.#provided.get(name!) ?? lines)(this.#server)];
        return all.map((line) => `${line}\r\n`).join('');
      })
      .join('\r\n');
  }
}
