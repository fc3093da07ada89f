/** Replies of RESP2, collected to be sent together. */

/** What a command answers; an error is sent as one. */
export type Reply =
  | { readonly simple: string }
  | { readonly error: string }
  | number
  | bigint
  | Uint8Array
  | string
  | null
  | readonly Reply[];

export const OK: Reply = { simple: 'OK' };

const LINE_END = Buffer.from('\r\n');
/** Words up to this many bytes are copied; longer ones are sent as they are. */
const SMALL = 1024;

/** Replies that wait to be sent. */
export class Replies {
  #text = '';
  #pieces: Uint8Array[] = [];
  /** Bytes that wait, about. */
  size = 0;

  add(reply: Reply): void {
    if (typeof reply === 'number' || typeof reply === 'bigint') this.#say(`:${reply}\r\n`);
    else if (reply === null) this.#say('$-1\r\n');
    else if (typeof reply === 'string') this.#word(Buffer.from(reply));
    else if (reply instanceof Uint8Array) this.#word(reply);
    else if (Array.isArray(reply)) {
      this.#say(`*${reply.length}\r\n`);
      for (const each of reply as readonly Reply[]) this.add(each);
    } else if ('simple' in (reply as object))
      this.#say(`+${(reply as { simple: string }).simple}\r\n`);
    else this.#say(`-${(reply as { error: string }).error.replace(/[\r\n]+/g, ' ')}\r\n`);
  }

  /** All of them, in pieces; none is left. */
  take(): Uint8Array[] {
    this.#endText();
    const pieces = this.#pieces;
    this.#pieces = [];
    this.size = 0;
    return pieces;
  }

  #word(bytes: Uint8Array): void {
    this.#say(`$${bytes.length}\r\n`);
    if (bytes.length <= SMALL) {
      const { buffer, byteOffset, length } = bytes;
      this.#say(`${Buffer.from(buffer, byteOffset, length).toString('latin1')}\r\n`);
      return;
    }
    this.#endText();
    this.#pieces.push(bytes, LINE_END);
    this.size += bytes.length;
  }

  #say(text: string): void {
    this.#text += text;
    this.size += text.length;
  }

  #endText(): void {
    if (this.#text !== '') this.#pieces.push(Buffer.from(this.#text, 'latin1'));
    this.#text = '';
  }
}
