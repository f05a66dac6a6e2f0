/** INFO commandstats, errorstats and latencystats: what each command has cost, and which errors were answered. */
import type { Command } from '../command-table.ts';
import type { Server } from '../server.ts';

/** Names may hold anything that a client has sent; these characters would break the format. */
function safeName(name: string): string {
  return name.replace(/[#:\r\n]/g, '_');
}

export function commandStatistics({ commands }: Server): string[] {
  return commands.all.filter(wasCalled).map((command) => {
    const { calls, rejectedCalls, failedCalls } = command;
    const microseconds = Math.floor(command.microseconds);
    const perCall = calls === 0 ? 0 : microseconds / calls;
    return (
      `cmdstat_${safeName(command.fullName)}:calls=${calls},usec=${microseconds},usec_per_call=${perCall.toFixed(2)}` +
      `,rejected_calls=${rejectedCalls},failed_calls=${failedCalls}`
    );
  });
}

function wasCalled({ calls, rejectedCalls, failedCalls }: Command): boolean {
  return calls > 0 || rejectedCalls > 0 || failedCalls > 0;
}

export function errorStatistics({ statistics }: Server): string[] {
  const byCode = [...statistics.errorsByCode].sort(([a], [b]) => (a < b ? -1 : 1));
  return byCode.map(([code, count]) => `errorstat_${safeName(code)}:count=${count}`);
}

export function latencyStatistics({ commands, config, latencyTracking }: Server): string[] {
  if (!latencyTracking) return [];
  const percentiles = config.values['latency-tracking-info-percentiles'];
  const names = config.text('latency-tracking-info-percentiles').split(' ');
  return commands.all
    .filter(({ durations }) => durations.total > 0)
    .map(({ fullName, durations }) => {
      const parts = percentiles.map((percent, i) => `p${names[i]}=${durations.percentile(percent).toFixed(3)}`);
      return `latency_percentiles_usec_${safeName(fullName)}:${parts.join(',')}`;
    });
}
