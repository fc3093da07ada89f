import { setTimeout as sleep } from 'node:timers/promises';

/** Polls another process, which cannot send a notification. */
export async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await sleep(20);
}
