import { readFileSync } from 'node:fs';
import path from 'node:path';
import { root } from '../../support/program.ts';

/**
 * What each call sees on a real resolver: made with
 * `unshare -rnm node --import tsx test/simulation/names/children/real-lookups.ts posix`.
 */
export const recorded: Readonly<Record<string, string>> = JSON.parse(
  readFileSync(path.join(root, 'test/simulation/names/lookups.json'), 'utf8'),
);
