/** The machine and the process, as INFO and the supervised modes ask about them. */
import { machine, release, totalmem, type } from 'node:os';
import { resolve } from 'node:path';
import type { System } from '../host.ts';

export class NodeSystem implements System {
  readonly pid = process.pid;
  readonly os = `${type()} ${release()} ${machine()}`;
  readonly executable: string;
  readonly workingDirectory: string;

  constructor(workingDirectory: string = process.cwd()) {
    this.workingDirectory = resolve(workingDirectory);
    const script = process.argv[1];
    this.executable = script === undefined ? process.execPath : resolve(script);
  }

  totalMemoryBytes(): number {
    return totalmem();
  }

  residentBytes(): number {
    return process.memoryUsage.rss();
  }

  cpuUs(): { user: number; system: number } {
    return process.cpuUsage();
  }

  timeZoneOffsetMinutes(wallMs: number): number {
    return -new Date(wallMs).getTimezoneOffset();
  }

  environment(name: string): string | undefined {
    return process.env[name];
  }
}
