/**
 * For tests of programs that use asyncio-ts: `import { runVirtual } from 'asyncio-ts/testing'`.
 *
 * @module
 */

export { type CheckedOptions, LeftBehindError, runChecked } from './testing/run-checked.ts';
export { runVirtual, type VirtualOptions } from './testing/run-virtual.ts';
export { settle } from './testing/settle.ts';
