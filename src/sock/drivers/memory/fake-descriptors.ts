/**
 * Numbers that look like descriptors. They start above what a process normally uses, so that they
 * are not confused with real ones. Like in a kernel, the lowest free number is used.
 */

const FIRST = 10_000;

const taken = new Set<number>();

export function takeDescriptor(): number {
  let fd = FIRST;
  while (taken.has(fd)) fd += 1;
  taken.add(fd);
  return fd;
}

export function freeDescriptor(fd: number): void {
  taken.delete(fd);
}
