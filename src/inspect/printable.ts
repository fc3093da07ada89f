/** Control characters, and those that change the direction of text. */
const UNPRINTABLE = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu;

/**
 * A copy of `data` whose strings can be printed on a terminal: names of tasks may come from strangers, and hold
 * line ends or sequences that a terminal obeys.
 */
export function printable<T>(data: T): T {
  return JSON.parse(JSON.stringify(data), (_, value: unknown) =>
    typeof value === 'string' ? value.replace(UNPRINTABLE, escaped) : value,
  ) as T;
}

function escaped(character: string): string {
  const code = character.codePointAt(0) as number;
  return code < 0x100
    ? `\\x${code.toString(16).padStart(2, '0')}`
    : `\\u${code.toString(16).padStart(4, '0')}`;
}
