/** The machine and the process, as INFO and the supervised modes ask about them. */
import { machine, release, totalmem, type } from 'node:os';
import { resolve } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { System } from '../host.ts';

export class NodeSystem implements System {
  readonly pid = process.pid;
  readonly os = `${type()} ${release()} ${machine()}`;
  readonly executable: string;
  readonly workingDirectory: string;

  readonly releaseMemory?: () => void;

  constructor(workingDirectory: string = process.cwd(), ownsProcess = false) {
    if (ownsProcess) this.releaseMemory = collectGarbage;
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

/** A flag that is set while Node runs holds for the contexts that are made afterwards. */
function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}
