/**
 * The file that keeps what a node knows of its cluster. A node that came back without it would be somebody else, and one
 * that came back without a vote could vote twice.
 *
 * What others rely on is saved durably: the file is replaced as a whole, synced. Everything else is saved at once too, so
 * that a crash of the process loses nothing, but without the milliseconds of a sync, of which moving a thousand slots
 * would take many. A power loss can spoil a file that was not synced; so the last one that was is kept beside it, and
 * is what the node goes back to.
 *
 * Two nodes with one file would be one node twice. So a node claims it before it looks into it (host/node/file-claim.ts),
 * and keeps the claim while it lives.
 */
import { latin1Of } from '../core/latin1.ts';
import { type Disk, DiskError, type ReleaseClaim } from '../host/host.ts';
import { replaceFile } from '../host/replace-file.ts';
import type { Server } from '../server/server.ts';
import { configText, CorruptNodesError, parseNodes } from './nodes-conf.ts';
import type { ClusterState } from './state.ts';

const KEPT_SUFFIX = '.synced';
/** The last line of every file that was written to its end; redis-server may leave empty lines behind it. */
const END = /^vars .*\n+$/m;

export class NodesFile {
  readonly #server: Server;
  /** The last synced version is beside the file, which is a later one. */
  #isKept = false;
  #release: ReleaseClaim | null = null;

  constructor(server: Server) {
    this.#server = server;
  }

  get #path(): string {
    const { config } = this.#server;
    return config.path(config.values['cluster-config-file']);
  }

  get #disk(): Disk {
    return this.#server.persistence.disk;
  }

  /** Takes the file for this node. @returns what the log ends with if that cannot be. */
  claim(): string | null {
    const name = this.#server.config.values['cluster-config-file'];
    try {
      this.#release = this.#disk.claim(this.#path);
    } catch (error) {
      if (!(error instanceof DiskError)) throw error;
      return `Can't open ${name} in order to acquire a lock: ${error.message}`;
    }
    if (this.#release !== null) return null;
    return `Sorry, the cluster configuration file ${name} is already used by a different Redis Cluster node. Please make sure that different nodes use different cluster configuration files.`;
  }

  /**
   * @returns what the file says, or null if there is none or it is empty.
   * @throws an Error whose message is what the log ends with.
   */
  load(nowMs: number): ClusterState | null {
    const { log, config } = this.#server;
    const name = config.values['cluster-config-file'];
    const parse = (text: string): ClusterState | null => parseNodes(text, nowMs, (line) => log.warning(line));
    try {
      const kept = this.#read(KEPT_SUFFIX);
      const text = this.#read('');
      this.#isKept = kept !== '';
      if (kept === '') return parse(text);
      const later = END.test(text) ? parseOrNull(parse, text) : null;
      if (later === null) log.warning(`${name} is not complete, going back to the last synced one`);
      return later ?? parse(kept);
    } catch (error) {
      if (!(error instanceof DiskError)) throw error;
      throw new Error(`Loading the cluster node config from ${name}: ${error.message}`, { cause: error });
    }
  }

  #read(suffix: string): string {
    const bytes = this.#disk.read(this.#path + suffix);
    return bytes === null ? '' : latin1Of(bytes, 0, bytes.length);
  }

  /**
   * @param isDurable it survives a power loss from now on.
   * @returns what the system says went wrong, or null.
   */
  save(state: ClusterState, isDurable: boolean): string | null {
    const content = Buffer.from(configText(state), 'latin1');
    try {
      if (isDurable) this.#replace(content);
      else this.#replaceForNow(content);
      return null;
    } catch (error) {
      if (error instanceof DiskError) return error.message;
      throw error;
    }
  }

  /** The file is as it should be, alone and durable, and another node's if it wants it: to be called at the end. */
  finish(state: ClusterState): void {
    if (this.#isKept) this.save(state, true);
    this.#release?.();
  }

  get #temporarySuffix(): string {
    return `.${this.#server.host.system.pid}.tmp`;
  }

  #replace(content: Uint8Array): void {
    replaceFile(this.#disk, this.#path, content, this.#temporarySuffix);
    if (!this.#isKept) return;
    this.#disk.unlink(this.#path + KEPT_SUFFIX);
    this.#isKept = false;
  }

  #replaceForNow(content: Uint8Array): void {
    const disk = this.#disk;
    const path = this.#path;
    const temporary = path + this.#temporarySuffix;
    const file = disk.open(temporary, 'create');
    file.appendNow(content);
    file.close();
    if (!this.#isKept) {
      if (disk.stat(path) !== null) disk.rename(path, path + KEPT_SUFFIX);
      this.#isKept = true;
    }
    disk.rename(temporary, path);
  }
}

function parseOrNull(parse: (text: string) => ClusterState | null, text: string): ClusterState | null {
  try {
    return parse(text);
  } catch (error) {
    if (error instanceof CorruptNodesError) return null;
    throw error;
  }
}
