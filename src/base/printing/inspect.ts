import { inspect } from 'node:util';
import { printedName } from './repr.ts';

/**
 * Makes `console.log()` and `JSON.stringify()` print the objects of a class as text.
 */
export function printsAsText(printed: { readonly prototype: object }): void {
  inspectsAsText(printed);
  define(printed, 'toJSON', String);
}

/**
 * Makes `console.log()` print the objects of a class as text. In JSON their fields are shown.
 *
 * @param form - converts an object to text; by default its `toString()`
 */
export function inspectsAsText<T extends object>(
  printed: { readonly prototype: T },
  form: (object: T) => string = String,
): void {
  define(printed, inspect.custom, form);
}

function define<T extends object>(
  printed: { readonly prototype: T },
  name: PropertyKey,
  form: (object: T) => string,
): void {
  Object.defineProperty(printed.prototype, name, {
    value(this: T): string {
      return form(this);
    },
    configurable: true,
    writable: true,
  });
}

/**
 * Sets the name of a function that printed forms and reports show.
 *
 * Its `name` is not changed: V8 would then keep its properties in a table of 256 bytes.
 */
export function calledAs<F extends (...args: never[]) => unknown>(name: string, callback: F): F {
  (callback as { [printedName]?: string })[printedName] = name;
  return callback;
}

/** The numbers of printed objects. */
const numbers = new WeakMap<object, number>();
/** The last number assigned. */
let lastNumber = 0;

/** A unique number, used where Python prints an address: JavaScript objects have none. */
export function numberOf(object: object): number {
  let number = numbers.get(object);
  if (number === undefined) {
    lastNumber += 1;
    number = lastNumber;
    numbers.set(object, number);
  }
  return number;
}
