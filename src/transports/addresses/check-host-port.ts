import { fileURLToPath } from 'node:url';
import { typeError } from '../../base/errors/refusals.ts';
import { typeNameOf } from '../../base/printing/repr.ts';
import { isUint8Array } from '../../base/values/bytes.ts';

/** An AF_UNIX path: a string, its bytes in UTF-8, or a `file:` URL. */
export type UnixPath = string | Uint8Array | URL;

/**
 * Refuses values that cannot be a host or a port, such as an options object in their place, which
 * Node's and Bun's `listen()` accept.
 *
 * @param call - how to write the call: `'openConnection(host, port, options)'`
 * @throws {TypeError} when one of them cannot be a host or a port
 */
export function checkHostPort(call: string, host: unknown, port: unknown): void {
  if (!isText(host)) throw typeError(`${call}: host must be a string, got ${typeNameOf(host)}`);
  checkPort(call, port);
}

/** Like {@link checkHostPort}, but there may be several hosts. */
export function checkHostsPort(call: string, hosts: unknown, port: unknown): void {
  if (!isText(hosts) && !Array.isArray(hosts))
    throw typeError(
      `${call}: host must be a string, or an array of strings, got ${typeNameOf(hosts)}`,
    );
  checkPort(call, port);
}

/**
 * An AF_UNIX path as a string; `undefined` if it was left out.
 *
 * @param call - as for {@link checkHostPort}
 * @throws {TypeError} when it is not a path, not UTF-8, or another kind of URL
 */
export function toPath(call: string, path: UnixPath | undefined): string | undefined {
  if (path === undefined || typeof path === 'string') return path;
  if (path instanceof URL) return fileURLToPath(path);
  if (isUint8Array(path)) return UTF8.decode(path);
  throw typeError(
    `${call}: path must be a string, a Uint8Array or a file: URL, got ${typeNameOf(path)}`,
  );
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function checkPort(call: string, port: unknown): void {
  if (!isText(port) && typeof port !== 'number')
    throw typeError(`${call}: port must be a number or a string, got ${typeNameOf(port)}`);
}

/** Is it a string or left out? A string may be given as bytes, as everywhere in asyncio. */
function isText(value: unknown): boolean {
  return value === undefined || typeof value === 'string' || isUint8Array(value);
}
