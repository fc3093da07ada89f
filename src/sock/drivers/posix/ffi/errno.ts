import { kernel } from './kernel.ts';
import { bindAll, koffi } from './koffi.ts';

/**
 * C's errno of this thread: `errno[0]` is why the last call failed.
 *
 * It is C's own memory, so reading it is a load and no call. Read it in the statement that makes the
 * call: at the entry of any function, V8 may collect garbage, and its system calls set errno, too.
 */
export let errno: { readonly 0: number } = {
  /** Where memory of C's cannot be shown to JavaScript, as in Electron: a call after the call. */
  get 0(): number {
    return koffi().errno();
  },
};

/** Finds errno. koffi is loaded. */
export function loadErrno(): void {
  try {
    const { location } = bindAll<{ location(): unknown }>({
      location: `void *${kernel.errnoLocation}()`,
    });
    errno = new Int32Array(koffi().view(location(), 4)) as Int32Array & typeof errno;
  } catch {
    // koffi's own reading stays.
  }
}
