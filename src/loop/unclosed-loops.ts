import { warnResource } from '../base/log/warnings.ts';

interface Unclosed {
  /** The loop as text. */
  readonly printed: string;
  /** Ends the loop's need for promise hooks. */
  readonly stopFollowing: () => void;
}

const unclosed = new FinalizationRegistry<Unclosed>(({ printed, stopFollowing }) => {
  stopFollowing();
  warnResource(`unclosed event loop ${printed}`);
});

/** Warns if `loop` is collected before it is closed. */
export function warnIfUnclosed(loop: object, stopFollowing: () => void): void {
  unclosed.register(loop, { printed: String(loop), stopFollowing }, loop);
}

/** The loop was closed. */
export function noLongerUnclosed(loop: object): void {
  unclosed.unregister(loop);
}
