import { inspect } from 'node:util';

/**
 * Makes objects of a class print as text in `console.log()`.
 *
 * @param form - makes the text; by default their `toString()`
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

/** Gives a function the name to show in printed forms and reports. */
export function calledAs<F extends (...args: never[]) => unknown>(name: string, callback: F): F {
  return Object.defineProperty(callback, 'name', { value: name, configurable: true });
}

/** The numbers of printed objects. */
const numbers = new WeakMap<object, number>();
/** The last number given. */
let lastNumber = 0;

/**
 * A unique number, for where Python prints an address: JavaScript objects have
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
