/** INFO memory: memory.ts' report, with the fields of an allocator and of scripting engines that it stands in for. */
import { bytesToHuman } from '../../core/human.ts';
import type { MemoryReport } from '../memory.ts';
import type { Server } from '../server.ts';

export function memoryInfo(server: Server): string[] {
  const { memory, host, config } = server;
  const report = memory.report();
  const totalBytes = host.system.totalMemoryBytes();
  return [
    `used_memory:${report.used}`,
    `used_memory_human:${bytesToHuman(report.used)}`,
    `used_memory_rss:${report.processResident}`,
    `used_memory_rss_human:${bytesToHuman(report.processResident)}`,
    `used_memory_peak:${report.peak}`,
    `used_memory_peak_human:${bytesToHuman(report.peak)}`,
    `used_memory_peak_perc:${report.peakPercent.toFixed(2)}%`,
    `used_memory_overhead:${report.overhead}`,
    `used_memory_startup:${report.startup}`,
    `used_memory_dataset:${report.dataset}`,
    `used_memory_dataset_perc:${report.datasetPercent.toFixed(2)}%`,
    `allocator_allocated:${report.allocated}`,
    `allocator_active:${report.active}`,
    `allocator_resident:${report.resident}`,
    `total_system_memory:${totalBytes}`,
    `total_system_memory_human:${bytesToHuman(totalBytes)}`,
    ...scriptLines(server),
    `maxmemory:${config.text('maxmemory')}`,
    `maxmemory_human:${bytesToHuman(config.values.maxmemory)}`,
    `maxmemory_policy:${config.values['maxmemory-policy']}`,
    ...fragmentationLines(report),
    `mem_not_counted_for_evict:${memory.notCountedBytes}`,
    `mem_replication_backlog:${memory.from('replicationBacklog')}`,
    `mem_total_replication_buffers:${memory.from('replicationBacklog') + memory.from('replicas')}`,
    `mem_clients_slaves:${report.clients.replicas + memory.from('replicas')}`,
    `mem_clients_normal:${report.clients.normal}`,
    `mem_cluster_links:${memory.from('clusterLinks')}`,
    `mem_aof_buffer:${memory.from('aofBuffer')}`,
    'mem_allocator:libc',
    'active_defrag_running:0',
    `lazyfree_pending_objects:${server.lazyFree.pending}`,
    `lazyfreed_objects:${server.statistics.lazyFreedObjects}`,
  ];
}

/** Of an engine only what it takes when it is new is known; like redis-server's, it is not part of used_memory. */
function scriptLines({ memory, scripting }: Server): string[] {
  const scripts = memory.from('scripts');
  const functions = memory.from('functions');
  const { engineBytes } = scripting;
  const functionsEngineBytes = scripting.functions.engineBytes;
  return [
    `used_memory_lua:${engineBytes}`,
    `used_memory_vm_eval:${engineBytes}`,
    `used_memory_lua_human:${bytesToHuman(engineBytes)}`,
    `used_memory_scripts_eval:${scripts}`,
    `number_of_cached_scripts:${scripting.count}`,
    `number_of_functions:${scripting.functions.functionCount}`,
    `number_of_libraries:${scripting.functions.libraryCount}`,
    `used_memory_vm_functions:${functionsEngineBytes}`,
    `used_memory_vm_total:${engineBytes + functionsEngineBytes}`,
    `used_memory_vm_total_human:${bytesToHuman(engineBytes + functionsEngineBytes)}`,
    `used_memory_functions:${functions}`,
    `used_memory_scripts:${scripts + functions}`,
    `used_memory_scripts_human:${bytesToHuman(scripts + functions)}`,
  ];
}

function fragmentationLines({ allocated, active, resident, processResident, used }: MemoryReport): string[] {
  return [
    `allocator_frag_ratio:${(active / allocated).toFixed(2)}`,
    `allocator_frag_bytes:${active - allocated}`,
    `allocator_rss_ratio:${(resident / active).toFixed(2)}`,
    `allocator_rss_bytes:${resident - active}`,
    `rss_overhead_ratio:${(processResident / resident).toFixed(2)}`,
    `rss_overhead_bytes:${processResident - resident}`,
    `mem_fragmentation_ratio:${(processResident / used).toFixed(2)}`,
    `mem_fragmentation_bytes:${processResident - used}`,
  ];
}
