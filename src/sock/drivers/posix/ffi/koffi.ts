import { module } from '../../../../base/node-modules.ts';

/** The part of koffi that we use: it calls C functions that are already in the process. */
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
 * @throws what require() throws, if it is not installed or not built for this system
 */
export function koffi(): Koffi {
  // A program that was bundled as CommonJS has no import.meta.
  const here =
    import.meta.url || (typeof __filename === 'string' ? __filename : `${process.cwd()}/`);
  loaded ??= module().createRequire(here)('koffi') as Koffi;
  return loaded;
}

/** Binds C functions under the given names. */
export function bindAll<Functions>(signatures: Readonly<Record<string, string>>): Functions {
  const library = koffi().load(null);
  const bound: Record<string, unknown> = {};
  for (const [name, signature] of Object.entries(signatures)) bound[name] = library.func(signature);
  return bound as Functions;
}
