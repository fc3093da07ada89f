/** Python's `print()`, for what the parity programs print: texts, numbers, truths, and nothing. */
export function print(...values: unknown[]): void {
  console.log(values.map(form).join(' '));
}

function form(value: unknown): string {
  if (value === undefined) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  return String(value);
}
