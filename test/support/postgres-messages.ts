/** The messages of PostgreSQL's protocol that one query needs. */

/** A message: its letter, its length, its parts. */
export function message(letter: string, ...parts: (Buffer | string | number)[]): Buffer {
  const body = Buffer.concat(
    parts.map((part) => {
      if (typeof part === 'string') return Buffer.from(`${part}\0`);
      if (typeof part !== 'number') return part;
      return Buffer.from([part >> 8, part & 255]);
    }),
  );
  const size = Buffer.alloc(4);
  size.writeInt32BE(body.length + 4);
  return Buffer.concat([Buffer.from(letter), size, body]);
}

export const AUTHENTICATED: Buffer = message('R', Buffer.alloc(4));
export const READY: Buffer = message('Z', Buffer.from('I'));

/** A result of one row with one column. */
export function row(value: string): Buffer {
  return Buffer.concat([
    message(
      'T',
      1,
      'answer',
      Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 0, 25, 255, 255, 255, 255, 255, 255, 0, 0]),
    ),
    message('D', 1, Buffer.from([0, 0, value.length >> 8, value.length & 255]), Buffer.from(value)),
    message('C', 'SELECT 1'),
  ]);
}
