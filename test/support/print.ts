/** How many lines are written at a time, because writing each one takes longer than most programs. */
const BLOCK = 100;

const lines: string[] = [];

/** Python's `print()`, for what the parity programs print: strings, numbers, booleans and None. */
export function print(...values: unknown[]): void {
  if (lines.length === 0) process.once('exit', flush);
  lines.push(values.map(form).join(' '));
  if (lines.length === BLOCK) flush();
}

/** Writes the last lines. */
export function flush(): void {
  if (lines.length > 0) console.log(lines.join('\n'));
  lines.length = 0;
  process.off('exit', flush);
}

function form(value: unknown): string {
  if (value === undefined) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  return String(value);
}
