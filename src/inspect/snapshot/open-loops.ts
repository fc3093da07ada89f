import type { LoopCore } from '../../core/turns/loop-core.ts';

/** The loops of this thread, held weakly. */
const loops = new Set<WeakRef<LoopCore>>();

/** Adds `loop`, until it is closed. */
export function addLoop(loop: LoopCore): void {
  openLoops();
  loops.add(new WeakRef(loop));
}

/** The loops of this thread that are not closed. */
export function openLoops(): LoopCore[] {
  const open: LoopCore[] = [];
  for (const ref of loops) {
    const loop = ref.deref();
    if (loop === undefined || loop.isClosed()) loops.delete(ref);
    else open.push(loop);
  }
  return open;
}
