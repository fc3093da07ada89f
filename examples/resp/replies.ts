/** Replies of RESP2 or RESP3, collected to be sent together. */

/** The reply to a command. */
export type Reply =
  | { readonly simple: string }
  | { readonly error: string }
  | { readonly hello: 2 | 3 }
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
/** How many bytes are collected before they are sent, and the maximum that is added at once of a word. */
const COLLECTED = 65_536;

/**
 * Replies that wait to be sent.
 *
 * Of a long reply, only the beginning is collected. When that has been sent, {@link goOn} collects more.
 * So a long reply to a client that reads nothing takes little memory.
 */
export class Replies {
  #text = '';
  /** The version of the protocol, which HELLO changes. */
  #version = 2;
  #pieces: Uint8Array[] = [];
  /** How many bytes are collected. */
  #size = 0;
  /** Collects the rest of a long reply; each step, as much as there is room for. */
  #rest: Iterator<void> | undefined;

  /** Should the collected bytes be sent? */
  get isFull(): boolean {
    return this.#size >= COLLECTED;
  }

  /** Is only the beginning of a reply collected? Until the rest is, no other reply can be added. */
  get isUnfinished(): boolean {
    return this.#rest !== undefined;
  }

  add(reply: Reply): void {
    if (isShort(reply)) this.#short(reply);
    else {
      this.#rest = this.#long(reply);
      this.goOn();
    }
  }

  /** Collects more of a long reply. */
  goOn(): void {
    if (this.#rest?.next().done === true) this.#rest = undefined;
  }

  /** Removes and returns all collected bytes, in pieces. */
  take(): Uint8Array[] {
    this.#endText();
    const pieces = this.#pieces;
    this.#pieces = [];
    this.#size = 0;
    return pieces;
  }

  /** Collects a long reply, and pauses when there is enough to send. */
  *#long(reply: Uint8Array | readonly Reply[]): Generator<void> {
    if (reply instanceof Uint8Array) {
      this.#say(`$${reply.length}\r\n`);
      for (let at = 0; at < reply.length; at += COLLECTED) {
        this.#piece(reply.subarray(at, at + COLLECTED));
        if (this.isFull) yield;
      }
      this.#piece(LINE_END);
      return;
    }
    this.#say(`*${reply.length}\r\n`);
    for (const each of reply) {
      if (isShort(each)) this.#short(each);
      else yield* this.#long(each);
      if (this.isFull) yield;
    }
  }

  #short(reply: Exclude<Reply, readonly Reply[]>): void {
    if (typeof reply === 'number' || typeof reply === 'bigint') this.#say(`:${reply}\r\n`);
    else if (reply === null) this.#say(this.#version === 3 ? '_\r\n' : '$-1\r\n');
    else if (typeof reply === 'string') this.#word(Buffer.from(reply));
    else if (reply instanceof Uint8Array) this.#word(reply);
    else if ('hello' in reply) this.#hello(reply.hello);
    else if ('simple' in reply) this.#say(`+${reply.simple}\r\n`);
    else this.#say(`-${reply.error.replace(/[\r\n]/g, ' ')}\r\n`);
  }

  #hello(version: 2 | 3): void {
    this.#version = version;
    const about: Reply[] = ['server', 'redis', 'version', '7.0.0', 'proto', version, 'id', 1];
    about.push('mode', 'standalone', 'role', 'master', 'modules');
    this.#say(version === 3 ? `%${(about.length + 1) / 2}\r\n` : `*${about.length + 1}\r\n`);
    for (const each of about) this.#short(each as string | number);
    this.#say('*0\r\n');
  }

  #word(bytes: Uint8Array): void {
    const { buffer, byteOffset, length } = bytes;
    this.#say(`$${length}\r\n`);
    if (length <= SMALL)
      this.#say(`${Buffer.from(buffer, byteOffset, length).toString('latin1')}\r\n`);
    else {
      this.#piece(bytes);
      this.#piece(LINE_END);
    }
  }

  #piece(bytes: Uint8Array): void {
    this.#endText();
    this.#pieces.push(bytes);
    this.#size += bytes.length;
  }

  #say(text: string): void {
    this.#text += text;
    this.#size += text.length;
  }

  #endText(): void {
    if (this.#text !== '') this.#pieces.push(Buffer.from(this.#text, 'latin1'));
    this.#text = '';
  }
}

function isShort(reply: Reply): reply is Exclude<Reply, readonly Reply[]> {
  return reply instanceof Uint8Array ? reply.length <= COLLECTED : !Array.isArray(reply);
}
