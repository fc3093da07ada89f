import { setTimeout as sleep } from 'node:timers/promises';

/** How long a process may take to open its inspector, or to answer, in milliseconds. */
export const PATIENCE = 5000;

/** Awaits an answer; `undefined` if there is none in time. */
export async function soon<T>(answer: Promise<T>): Promise<T | undefined> {
  return await Promise.race([answer, sleep(PATIENCE, undefined, { ref: false })]);
}

/** Awaits an answer that may take longer, until `check` throws. */
export async function patiently<T>(answer: Promise<T>, check: () => Promise<unknown>): Promise<T> {
  for (;;) {
    const value = await soon(answer);
    if (value !== undefined) return value;
    await check();
  }
}
