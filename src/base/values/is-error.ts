import { types } from 'node:util';
import { attempt, isA } from './attempt.ts';

/** Is `value` an error, even from another realm, such as a `vm` context? */
export function isError(value: unknown): value is Error {
  return isA(value, Error) || types.isNativeError(value);
}

/** Is `value` an error that holds others, even from another realm? */
export function isAggregateError(value: unknown): value is AggregateError {
  if (isA(value, AggregateError)) return true;
  if (!types.isNativeError(value)) return false;
  // If its getters throw, it is not one.
  return attempt(() => {
    const { name, errors } = value as Partial<AggregateError>;
    return name === 'AggregateError' && Array.isArray(errors);
  }, false);
}

/** Is `value` an error class, even from another realm? */
export function isErrorClass(value: unknown): value is new (...args: never[]) => Error {
  if (typeof value !== 'function') return false;
  const { prototype } = value as { prototype?: unknown };
  return value === Error || prototype instanceof Error || isForeignErrorClass(prototype);
}

function isForeignErrorClass(prototype: unknown): boolean {
  for (let each = prototype; isObject(each); each = Object.getPrototypeOf(each)) {
    const kind = (each as { constructor?: unknown }).constructor;
    if (typeof kind === 'function' && sourceOf.call(kind) === NATIVE_ERROR) return true;
  }
  return false;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

const sourceOf = Function.prototype.toString;
const NATIVE_ERROR = sourceOf.call(Error);
