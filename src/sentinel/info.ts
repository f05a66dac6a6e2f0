/** INFO of a sentinel: five of the server's sections, one of them its own. */
import type { Server } from '../server/server.ts';
import type { SentinelNode } from './commands/node.ts';
import { announcedHost } from './addresses.ts';
import { FLAG } from './state.ts';

const SERVER_SECTIONS = ['server', 'clients', 'stats', 'cpu'];
const SECTION = 'sentinel';

/** @param wanted as INFO's arguments; sections that a sentinel does not have are left out without a word. */
export function infoText(server: Server, node: SentinelNode, wanted: readonly string[]): string {
  const names = new Set(wanted.map((name) => name.toLowerCase()));
  const showsAll = names.size === 0 || ['default', 'all', 'everything'].some((name) => names.has(name));
  const sections = SERVER_SECTIONS.filter((name) => showsAll || names.has(name));
  const parts = sections.length === 0 ? [] : [server.info.text(sections)];
  if (showsAll || names.has(SECTION)) {
    parts.push(['# Sentinel', ...sentinelInfo(node)].map((line) => `${line}\r\n`).join(''));
  }
  return parts.join('\r\n');
}

function sentinelInfo({ machine: { state, nowMs }, scripts }: SentinelNode): string[] {
  const masters = [...state.masters.values()].map((master, index) => {
    const status = master.has(FLAG.oDown) ? 'odown' : master.has(FLAG.sDown) ? 'sdown' : 'ok';
    const place = `${announcedHost(state, master.addr)}:${master.addr.port}`;
    const counts = `slaves=${master.replicas.size},sentinels=${master.sentinels.size + 1}`;
    return `master${index}:name=${master.name},status=${status},address=${place},${counts}`;
  });
  return [
    `sentinel_masters:${state.masters.size}`,
    `sentinel_tilt:${state.tilt ? 1 : 0}`,
    `sentinel_tilt_since_seconds:${state.tilt ? Math.trunc((nowMs - state.tiltStartTime) / 1000) : -1}`,
    `sentinel_running_scripts:${scripts.running}`,
    `sentinel_scripts_queue_length:${scripts.jobs.length}`,
    `sentinel_simulate_failure_flags:${state.simulatedFailures}`,
    ...masters,
  ];
}
