const { bun, deno } = process.versions;

/** The name of the runtime, if it is not Node. */
export const otherRuntime: 'Bun' | 'Deno' | undefined =
  bun !== undefined ? 'Bun' : deno !== undefined ? 'Deno' : undefined;
