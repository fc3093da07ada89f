/** Control characters, and characters that change the direction of text. */
const UNPRINTABLE = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu;

/** JSON that may contain some: it escapes most of them itself. Usually all is ASCII, which is fast to check. */
const MAY_CONTAIN = /\\[^"]|[^ -~]/;

/**
 * `data`, or a copy, with strings that are safe to print on a terminal. Task names may come from untrusted input, and
 * contain line breaks or escape sequences.
 */
export function printable<T>(data: T): T {
  const text = JSON.stringify(data);
  if (!MAY_CONTAIN.test(text)) return data;
  return JSON.parse(text, (_, value: unknown) =>
    typeof value === 'string' ? value.replace(UNPRINTABLE, escaped) : value,
  ) as T;
}

function escaped(character: string): string {
  const code = character.codePointAt(0) as number;
  return code < 0x100
    ? `\\x${code.toString(16).padStart(2, '0')}`
    : `\\u${code.toString(16).padStart(4, '0')}`;
}
