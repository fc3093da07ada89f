/** What tests of child processes and pipes share: on which drivers, and a few programs. */
import { readdirSync, readlinkSync } from 'node:fs';
import { loadLibc, openPipe } from '../../src/sock/drivers/posix/ffi/libc.ts';
import type { DriverName } from '../../src/socket.ts';

/** The drivers that have pipes to other processes. */
export const PIPE_DRIVERS: readonly DriverName[] = [
  'node',
  'posix',
  'posix, uv_poll' as DriverName,
];

/** A program that runs until it is killed. */
export const BLOCKED: readonly [string, ...string[]] = ['sleep', '3600'];

/** More than any pipe takes. */
export const LARGE: Buffer = Buffer.alloc(4 * 1024 * 1024, 'x');

/** Makes a pipe of the system's, whose ends block. */
export function systemPipe(): [readEnd: number, writeEnd: number] {
  loadLibc();
  return openPipe() as [number, number];
}

/** The descriptors of this process, with what each stands for. */
export function openDescriptors(): Map<number, string> {
  const found = new Map<number, string>();
  for (const name of readdirSync('/proc/self/fd')) {
    try {
      found.set(Number(name), readlinkSync(`/proc/self/fd/${name}`));
    } catch {
      // That of the directory itself.
    }
  }
  return found;
}
