/**
 * Safe reads of foreign values: a getter may throw, a proxy may be revoked, a `toString` may return
 * anything. A report must not fail because of what it prints.
 */

/** Returns the result of `read`, or `otherwise` if it throws. */
export function attempt<T>(read: () => T, otherwise: T): T {
  try {
    return read();
  } catch {
    // Foreign code threw while its value was printed: the caller prints something else.
    return otherwise;
  }
}

/** `value instanceof kind`, but false if a revoked proxy throws. For anything that users throw. */
export function isA<T>(value: unknown, kind: abstract new (...args: never[]) => T): value is T {
  try {
    return value instanceof kind;
  } catch {
    return false;
  }
}

/** `String(value)`, or `<unprintable>` if that throws. */
export function textOf(value: unknown): string {
  return attempt(() => String(value), '<unprintable>');
}
