import { inspect } from 'node:util';
import { withoutStacks } from '../../base/stacks/captured-stack.ts';

const OPTIONS = { customInspect: false, depth: 0, maxArrayLength: 0, maxStringLength: 0 };

/** Is a native promise fulfilled or rejected? Only its printed form tells immediately. */
export function isSettled(promise: object): boolean {
  try {
    return !/^[^{]*\{\s+<pending>/.test(withoutStacks(() => inspect(promise, OPTIONS)));
  } catch {
    return true; // It has a value that cannot be printed.
  }
}
