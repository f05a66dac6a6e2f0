// What a server process has used: CPU time and memory.
//
// CPU time is asked twice. The server says it itself (INFO used_cpu_user and used_cpu_sys, all threads, microseconds);
// on Linux the kernel's count (utime and stime of /proc/PID/stat, in ticks of 10 ms) checks that it tells the truth, and
// stands in for servers without INFO.

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { askOrNull, parseInfo } from './client.ts';

/** The unit of utime and stime. Linux gives user space 100 per second on every architecture that Node runs on. */
export const TICK_US = 10_000;

export interface CpuReading {
  /** By INFO; null where the server does not say. */
  infoUs: number | null;
  /** By the kernel; null where there is no /proc. */
  systemUs: number | null;
}

/** utime + stime. The command name stands in parentheses and may hold spaces and parentheses itself. */
export function parseProcStat(text: string): number {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * TICK_US;
}

/** A field of /proc/PID/status that is given in kB, in bytes; null where it is absent. */
export function parseProcStatus(text: string, field: string): number | null {
  const match = new RegExp(`^${field}:\\s*(\\d+) kB$`, 'm').exec(text);
  return match === null ? null : Number(match[1]) * 1024;
}

export function cpuFromInfo(reply: unknown): number | null {
  const fields = parseInfo(reply);
  const user = Number(fields.get('used_cpu_user') ?? Number.NaN);
  const system = Number(fields.get('used_cpu_sys') ?? Number.NaN);
  return Number.isNaN(user + system) ? null : Math.round((user + system) * 1e6);
}

function readProc(pid: number, file: string): string | null {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return null;
  }
}

export async function readCpu(server: { port: number; pid: number }): Promise<CpuReading> {
  const infoUs = cpuFromInfo(await askOrNull(server.port, 'INFO', 'cpu'));
  const stat = readProc(server.pid, 'stat');
  return { infoUs, systemUs: stat === null ? null : parseProcStat(stat) };
}

/** Resident memory now; `ps` where there is no /proc. */
export function residentBytes(pid: number): number {
  const status = readProc(pid, 'status');
  const resident = status === null ? null : parseProcStatus(status, 'VmRSS');
  return resident ?? Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' })) * 1024;
}

/** The most that was ever resident; null where the system does not say. */
export function peakResidentBytes(pid: number): number | null {
  const status = readProc(pid, 'status');
  return status === null ? null : parseProcStatus(status, 'VmHWM');
}

export async function usedMemoryBytes(port: number): Promise<number | null> {
  const used = parseInfo(await askOrNull(port, 'INFO', 'memory')).get('used_memory');
  return used === undefined ? null : Number(used);
}
