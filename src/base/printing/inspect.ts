import { inspect } from 'node:util';

/**
 * Has objects of a class print in `console.log()` as text.
 *
 * @param form - makes the text; by default what their `toString()` says
 */
export function printsAsText<T extends object>(
  printed: { readonly prototype: T },
  form: (object: T) => string = String,
): void {
  Object.defineProperty(printed.prototype, inspect.custom, {
    value(this: T): string {
      return form(this);
    },
    configurable: true,
    writable: true,
  });
}

/** Gives a function the name that it shall have in printed forms and reports. */
export function calledAs<F extends (...args: never[]) => unknown>(name: string, callback: F): F {
  return Object.defineProperty(callback, 'name', { value: name, configurable: true });
}

/** The numbers of those that were printed. */
const numbers = new WeakMap<object, number>();
/** The last number that was given. */
let lastNumber = 0;

/**
 * A number that nothing else has, for where Python prints an address: objects of JavaScript have
 * none.
 */
export function numberOf(object: object): number {
  let number = numbers.get(object);
  if (number === undefined) {
    lastNumber += 1;
    number = lastNumber;
    numbers.set(object, number);
  }
  return number;
}
