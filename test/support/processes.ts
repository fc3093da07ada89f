/** For tests of child processes and pipes: their drivers, and a few programs. */
import { readdirSync, readlinkSync } from 'node:fs';
import { loadLibc, openPipe } from '../../src/sock/drivers/posix/ffi/libc.ts';
import type { DriverName } from '../../src/socket.ts';

/** The drivers that support pipes to other processes. */
export const PIPE_DRIVERS: readonly DriverName[] = [
  'node',
  'posix',
  'posix, uv_poll' as DriverName,
];

/** A program that runs until it is killed. */
export const BLOCKED: readonly [string, ...string[]] = ['sleep', '3600'];

/** More bytes than fit into any pipe. */
export const LARGE: Buffer = Buffer.alloc(4 * 1024 * 1024, 'x');

/** Creates a pipe of the system, whose ends block. */
export function systemPipe(): [readEnd: number, writeEnd: number] {
  loadLibc();
  return openPipe() as [number, number];
}

/** The descriptors of this process, and what each refers to. */
export function openDescriptors(): Map<number, string> {
  const found = new Map<number, string>();
  for (const name of readdirSync('/proc/self/fd')) {
    try {
      found.set(Number(name), readlinkSync(`/proc/self/fd/${name}`));
    } catch {
      // This is the descriptor of the directory itself.
    }
  }
  return found;
}
