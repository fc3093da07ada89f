import { inspect } from 'node:util';

/** Has objects of a class print in `console.log()` as what their `toString()` says. */
export function printsAsText(printed: { prototype: object }): void {
  Object.defineProperty(printed.prototype, inspect.custom, {
    value(this: object): string {
      return String(this);
    },
    configurable: true,
    writable: true,
  });
}
