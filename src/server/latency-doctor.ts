/** LATENCY DOCTOR: what the latency monitor saw, and what to do about it. */
import type { LatencyHistory, LatencyMonitor } from './latency-monitor.ts';
import type { ConfigValues } from './config/parameters.ts';

interface Findings {
  readonly average: number;
  readonly deviation: number;
  readonly secondsPerSpike: number;
}

export function latencyReport(monitor: LatencyMonitor, values: ConfigValues, nowMs: number): string {
  const threshold = values['latency-monitor-threshold'];
  if (monitor.events.size === 0) {
    return threshold === 0
      ? 'The latency monitor is off: CONFIG SET latency-monitor-threshold <milliseconds> switches it on.\n'
      : 'No latency spike was seen since the latency monitor was switched on.\n';
  }
  const lines = ['Latency spikes were seen in this instance:', ''];
  let number = 0;
  for (const [event, history] of monitor.events) {
    const { average, deviation, secondsPerSpike } = examine(history, nowMs);
    lines.push(
      `${++number}. ${event}: ${history.samples.length} spikes, one every ${secondsPerSpike.toFixed(2)} s ` +
        `(average ${average} ms, mean deviation ${deviation} ms). The worst of all took ${history.maxMs} ms.`,
    );
  }
  const advice = [...monitor.events.keys()].flatMap((event) => adviceFor(event, values));
  if (advice.length > 0) lines.push('', 'What may help:', '', ...new Set(advice.map((text) => `- ${text}`)));
  return `${lines.join('\n')}\n`;
}

function examine({ samples }: LatencyHistory, nowMs: number): Findings {
  const durations = samples.map(({ durationMs }) => durationMs);
  const average = Math.floor(mean(durations));
  const periodSeconds = Math.max(1, Math.floor(nowMs / 1000) - samples[0]!.unixSeconds);
  return {
    average,
    deviation: Math.floor(mean(durations.map((duration) => Math.abs(average - duration)))),
    secondsPerSpike: periodSeconds / samples.length,
  };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

const LARGE_KEYS =
  'Deleting, expiring or evicting a key with very many elements blocks the server: spread them over smaller keys.';

function adviceFor(event: string, values: ConfigValues): string[] {
  switch (event) {
    case 'command':
      return [...slowLogAdvice(values), 'Look at SLOWLOG GET for the commands that take long.', LARGE_KEYS];
    case 'fast-command':
      return [
        'Commands that cannot take long did: the process was not given the CPU, or garbage was collected. ' +
          'Lower the load of the machine, and do not share the process with other heavy work.',
      ];
    case 'expire-cycle':
      return [
        ...(values.hz < 100 ? ['Raise hz, up to 100, so that keys are expired in smaller portions.'] : []),
        LARGE_KEYS,
      ];
    case 'eviction-cycle':
      return [
        'Lower maxmemory in small steps, and do not store very large results at once: evicting many keys blocks.',
      ];
    case 'eviction-del':
      return [LARGE_KEYS];
    case 'aof-write':
      return ['Use a local disk that is not busy with other work for the append-only file.'];
    case 'aof-fsync-always':
      return ['appendfsync always waits for the disk before each reply; everysec does not.'];
    default:
      return [];
  }
}

function slowLogAdvice(values: ConfigValues): string[] {
  const slowlogUs = values['slowlog-log-slower-than'];
  const thresholdUs = values['latency-monitor-threshold'] * 1000;
  if (slowlogUs >= 0 && slowlogUs <= thresholdUs) return [];
  const state = slowlogUs < 0 ? 'is off' : 'leaves out commands that the latency monitor counts';
  return [`The slow log ${state}: CONFIG SET slowlog-log-slower-than ${thresholdUs}.`];
}
