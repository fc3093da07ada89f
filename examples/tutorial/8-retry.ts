/** Calls a function until it succeeds, with longer and longer pauses. Step 8 tests it. */
import * as asyncio from 'asyncio-ts';

export async function retry<T>(call: () => Promise<T>, attempts: number): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await asyncio.timeout(10, call);
    } catch (error) {
      if (!asyncio.isException(error) || attempt === attempts) throw error;
      await asyncio.sleep(2 ** attempt);
    }
  }
}
