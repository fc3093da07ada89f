import { kernel } from './kernel.ts';
import { bindAll, koffi } from './koffi.ts';

/**
 * C's errno in this thread: `errno[0]` is why the last call failed.
 *
 * This is C's own memory, so reading it is a load, not a call. Read it in the statement that makes
 * the call: V8 may collect garbage when any function is entered, and its system calls set errno,
 * too.
 */
export let errno: { readonly 0: number } = {
  /** If JavaScript cannot access C's memory, as in Electron: a second call. */
  get 0(): number {
    return koffi().errno();
  },
};

/** Finds errno. koffi must be loaded. */
export function loadErrno(): void {
  try {
    const { location } = bindAll<{ location(): unknown }>({
      location: `void *${kernel.errnoLocation}()`,
    });
    errno = new Int32Array(koffi().view(location(), 4)) as Int32Array & typeof errno;
  } catch {
    // koffi's own way of reading errno stays.
  }
}
