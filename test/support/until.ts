import { setTimeout as sleep } from 'node:timers/promises';

/** Polls another process, which has nothing that would tell. */
export async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await sleep(20);
}
