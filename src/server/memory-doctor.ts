/** MEMORY DOCTOR: the figures of a memory report, judged. */
import type { MemoryReport } from './memory.ts';

const MIB = 1024 * 1024;
/** Below this much memory every ratio is noise. */
const JUDGED_FROM_BYTES = 5 * MIB;
const WASTE_FROM_BYTES = 10 * MIB;
const CLIENT_BYTES_MAX = 200 * 1024;
const REPLICA_BYTES_MAX = 10 * MIB;

export function memoryComplaints(report: MemoryReport, clients: number): string {
  if (report.used < JUDGED_FROM_BYTES) {
    return 'This instance holds next to nothing: fill it with data and ask again.\n';
  }
  const complaints = [
    ...peakComplaints(report),
    ...fragmentationComplaints(report),
    ...clientComplaints(report, clients),
  ];
  if (complaints.length === 0) return 'No problem found in the memory of this instance.\n';
  return `Problems found in the memory of this instance:\n\n${complaints.map((text) => ` * ${text}\n\n`).join('')}`;
}

function peakComplaints({ peak, used }: MemoryReport): string[] {
  if (peak / used <= 1.5) return [];
  return [
    'Peak: the instance once used more than 150% of the memory that it uses now. The process may still hold it; ' +
      'new data will fill it again.',
  ];
}

function fragmentationComplaints(report: MemoryReport): string[] {
  const { processResident, used, active, allocated, resident } = report;
  const exceeds = (whole: number, part: number, ratio: number): boolean =>
    whole / part > ratio && whole - part > WASTE_FROM_BYTES;
  return [
    ...(exceeds(processResident, used, 1.4)
      ? ['Resident memory: the process holds more than 1.4 times the memory that is in use.']
      : []),
    ...(exceeds(active, allocated, 1.1)
      ? ['Fragmentation: the pages that hold the dataset are more than a tenth empty, as after many deletions.']
      : []),
    ...(exceeds(processResident, resident, 1.1)
      ? ['Overhead: more than a tenth of the resident memory belongs to the process itself and not to the dataset.']
      : []),
  ];
}

function clientComplaints({ clients }: MemoryReport, count: number): string[] {
  return [
    ...(clients.replicas > REPLICA_BYTES_MAX
      ? ['Replicas: more than 10 MB of output wait for them. See INFO replication for those that lag behind.']
      : []),
    ...(clients.normal / Math.max(1, count) > CLIENT_BYTES_MAX
      ? ['Clients: their buffers take more than 200 kB each. CLIENT LIST shows those that do not read their replies.']
      : []),
  ];
}
