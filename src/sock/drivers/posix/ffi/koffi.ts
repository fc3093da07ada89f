import { createRequire } from 'node:module';

/** As much of koffi as is used: it calls functions of C that are in the process already. */
interface Koffi {
  load(path: null): { func(definition: string): unknown };
  errno(): number;
  address(value: ArrayBufferView): bigint;
  view(pointer: unknown, nbytes: number): ArrayBuffer;
  proto(result: string, parameters: readonly string[]): unknown;
  pointer(type: unknown): unknown;
  register(callback: (...args: never[]) => void, type: unknown): unknown;
  unregister(callback: unknown): void;
}

let loaded: Koffi | undefined;

/**
 * Loads koffi, the optional dependency.
 *
 * @throws what require() throws, where it is not installed or not built for this system
 */
export function koffi(): Koffi {
  loaded ??= createRequire(import.meta.url || `${process.cwd()}/`)('koffi') as Koffi;
  return loaded;
}

/** Binds functions of C, by the names they get here. */
export function bindAll<Functions>(signatures: Readonly<Record<string, string>>): Functions {
  const library = koffi().load(null);
  const bound: Record<string, unknown> = {};
  for (const [name, signature] of Object.entries(signatures)) bound[name] = library.func(signature);
  return bound as Functions;
}
