import type { ProgramOptions } from '../../support/program.ts';

/** For programs whose inspector opens on any port: several tests run at the same time. */
export const ANY_PORT: ProgramOptions = { env: { NODE_OPTIONS: '--inspect-port=0' } };
