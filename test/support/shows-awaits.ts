import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as assert from 'uvu/assert';

/** An expected frame of a stack: the function, if it has a name, and the code on its line. */
export type ExpectedFrame = readonly [name: string | undefined, source: string];

const FRAME = /^ {4}at (?:async )?(?:(.+?) \()?(.+?):(\d+):\d+\)?$/;

/**
 * Asserts that the stack of an error shows these frames, innermost first, and no frame of the library
 * or Node between or above them. Other frames of the user may follow.
 */
export function showsAwaits(error: unknown, ...expected: readonly ExpectedFrame[]): void {
  const { stack = '' } = error as Error;
  const frames = stack
    .split('\n')
    .map((line) => FRAME.exec(line))
    .filter((match) => match !== null)
    .map(([, name = '<anonymous>', file, line]) => [name, sourceOf(file as string, Number(line))]);
  const shown = frames.slice(0, expected.length);
  const matches =
    shown.length === expected.length &&
    expected.every(
      ([name, source], at) =>
        (name ?? shown[at]?.[0]) === shown[at]?.[0] && shown[at]?.[1]?.includes(source),
    );
  assert.ok(matches, `${JSON.stringify(expected)} was expected to be shown by\n${stack}`);
  assert.not.match(stack, /\bnode:|\/src\/|\/dist\//);
}

function sourceOf(file: string, line: number): string {
  if (file.startsWith('node:')) return '';
  const path = file.startsWith('file:') ? fileURLToPath(file) : file;
  return readFileSync(path, 'utf8').split('\n')[line - 1] ?? '';
}
