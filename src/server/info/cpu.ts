/** INFO cpu: the process' CPU time in seconds. All of it counts as the main thread's. */
import type { Server } from '../server.ts';

export function cpuInfo({ host }: Server): string[] {
  const { user, system } = host.system.cpuUs();
  return [
    `used_cpu_sys:${seconds(system)}`,
    `used_cpu_user:${seconds(user)}`,
    'used_cpu_sys_children:0.000000',
    'used_cpu_user_children:0.000000',
    `used_cpu_sys_main_thread:${seconds(system)}`,
    `used_cpu_user_main_thread:${seconds(user)}`,
  ];
}

function seconds(microseconds: number): string {
  return (microseconds / 1e6).toFixed(6);
}
