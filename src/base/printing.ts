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

/** Gives a function the name that it shall have in printed forms and reports. */
export function calledAs<F extends (...args: never[]) => unknown>(name: string, callback: F): F {
  return Object.defineProperty(callback, 'name', { value: name, configurable: true });
}
