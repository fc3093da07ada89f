/**
 * Numbers that look like descriptors. They begin where a process seldom gets, so that one is not
 * taken for a real one; the lowest free one is given, as a kernel does.
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
