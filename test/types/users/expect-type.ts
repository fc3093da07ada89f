/** Is it the same type, and not just one that can be assigned? */
type Same<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** Compiles only where the type of `value` is exactly `Expected`: `expectType<number>()(value)`. */
export function expectType<Expected>(): <Actual>(
  value: Actual,
  ...same: Same<Expected, Actual> extends true ? [] : [mismatch: Expected]
) => void {
  return () => {};
}
