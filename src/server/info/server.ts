/** INFO server: program, machine, process, configuration. */
import { REDIS_VERSION } from '../config/config-error.ts';
import { binaryOfPath } from '../config/paths.ts';
import type { Server } from '../server.ts';

const DAY_SECONDS = 86_400;

export function serverInfo(server: Server): string[] {
  const { host, config, keyspace, identity } = server;
  const { values } = config;
  const uptimeSeconds = Math.floor((keyspace.nowMs - identity.startedMs) / 1000);
  return [
    `redis_version:${REDIS_VERSION}`,
    'redis_git_sha1:00000000',
    'redis_git_dirty:0',
    'redis_build_id:0',
    `redis_mode:${server.mode}`,
    `os:${host.system.os}`,
    'arch_bits:64',
    'monotonic_clock:POSIX clock_gettime',
    'multiplexing_api:libuv',
    'atomicvar_api:none',
    'gcc_version:0.0.0',
    `process_id:${host.system.pid}`,
    'process_supervised:no',
    `run_id:${identity.runId}`,
    `tcp_port:${values.port || values['tls-port']}`,
    `server_time_usec:${host.clock.wallMs() * 1000}`,
    `uptime_in_seconds:${uptimeSeconds}`,
    `uptime_in_days:${Math.floor(uptimeSeconds / DAY_SECONDS)}`,
    `hz:${values.hz}`,
    `configured_hz:${values.hz}`,
    `lru_clock:${keyspace.recency}`,
    `executable:${binaryOfPath(host.system.executable)}`,
    `config_file:${config.file === null ? '' : binaryOfPath(config.file)}`,
    'io_threads_active:0',
    ...(server.shutdown.remainingMs === null ? [] : [`shutdown_in_milliseconds:${server.shutdown.remainingMs}`]),
  ];
}
