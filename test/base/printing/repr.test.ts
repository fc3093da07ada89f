import * as assert from 'uvu/assert';
import { formatCallback, repr, shortRepr } from '../../../src/base/printing/repr.ts';
import { CancelledError, KeyboardInterrupt } from '../../../src/index.ts';
import { behaviour } from '../../support/behaviour.ts';

class Boom extends Error {}
class Point {
  toString(): string {
    return '<Point>';
  }
}

function nested(depth: number): unknown {
  return depth === 0 ? 1 : [nested(depth - 1)];
}

/** What Python 3.11 prints, seen there: by `repr()`, and by `reprlib.repr()` where that differs. */
const printed: readonly [value: unknown, whole: string, short?: string][] = [
  [undefined, 'None'],
  [null, 'None'],
  [true, 'True'],
  [0.5, '0.5'],
  [Number.NaN, 'nan'],
  [Number.NEGATIVE_INFINITY, '-inf'],
  ['', "''"],
  ["it's", `"it's"`],
  [`both ' and "`, `'both \\' and "'`],
  ['\x7f\x80\n\t\\', "'\\x7f\\x80\\n\\t\\\\'"],
  ['é\u200b\xad\u202e\ud800 \u{1f600}', "'é\\u200b\\xad\\u202e\\ud800 \u{1f600}'"],
  ['\u3000\ue000', "'\\u3000\\ue000'"],
  ['a'.repeat(28), `'${'a'.repeat(28)}'`],
  ['a'.repeat(29), `'${'a'.repeat(29)}'`, "'aaaaaaaaaaaa...aaaaaaaaaaaaa'"],
  [new Uint8Array(), "b''"],
  [Uint8Array.from([0, 97, 98, 99, 255, 39]), `b"\\x00abc\\xff'"`],
  [
    new Uint8Array(40).fill(120),
    "b'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'",
    "b'xxxxxxxxxxx...xxxxxxxxxxxxx'",
  ],
  [[], '[]'],
  [[1, 'two', undefined], "[1, 'two', None]"],
  [[0, 1, 2, 3, 4, 5, 6], '[0, 1, 2, 3, 4, 5, 6]', '[0, 1, 2, 3, 4, 5, ...]'],
  [nested(7), '[[[[[[[1]]]]]]]', '[[[[[[[...]]]]]]]'],
  [new Set(), 'set()'],
  [new Set([1, 2]), '{1, 2}'],
  [{}, '{}'],
  [{ b: 1, a: 2 }, "{'b': 1, 'a': 2}", "{'a': 2, 'b': 1}"],
  [
    new Map([
      [3, 1],
      [1, 2],
    ]),
    '{3: 1, 1: 2}',
    '{1: 2, 3: 1}',
  ],
  [
    new Map<unknown, unknown>([
      ['a', 1],
      [1, 2],
    ]),
    "{'a': 1, 1: 2}",
  ],
  [
    Object.fromEntries([0, 1, 2, 3, 4].map((n) => [`k${n}`, n])),
    "{'k0': 0, 'k1': 1, 'k2': 2, 'k3': 3, 'k4': 4}",
    "{'k0': 0, 'k1': 1, 'k2': 2, 'k3': 3, ...}",
  ],
  [new RangeError('boom'), "RangeError('boom')"],
  [new Error(), 'Error()'],
  [new CancelledError('stop'), "CancelledError('stop')"],
  [new KeyboardInterrupt(), 'KeyboardInterrupt()'],
  [new Boom('k'), "Boom('k')"],
  [new Point(), '<Point>'],
];

behaviour('repr', (it) => {
  for (const [value, whole] of printed)
    it(`prints ${whole}`, () => {
      assert.is(repr(value), whole);
    });

  it('prints a list that contains itself', () => {
    const list: unknown[] = [1];
    list.push(list);

    assert.is(repr(list), '[1, [...]]');
  });

  it('prints an error of the system with number and text', () => {
    const error = Object.assign(new Error('connect ECONNREFUSED'), {
      errno: -111,
      strerror: 'Connection refused',
    });

    assert.is(repr(error), "Error(111, 'Connection refused')");
  });

  it('prints a placeholder for what cannot be printed', () => {
    class Unprintable {
      toString(): string {
        throw new Error('no');
      }
    }

    assert.is(repr(new Unprintable()), '<Unprintable instance>');
  });
});

behaviour('shortRepr', (it) => {
  for (const [value, whole, short = whole] of printed)
    it(`prints ${short}`, () => {
      assert.is(shortRepr(value), short);
    });

  it('counts characters, not the halves of surrogate pairs', () => {
    const faces = '\u{1f600}'.repeat(40);

    assert.is(shortRepr(faces), `'${'\u{1f600}'.repeat(12)}...${'\u{1f600}'.repeat(13)}'`);
  });
});

behaviour('formatCallback', (it) => {
  it('prints the name and the arguments in short form', () => {
    function callback(): void {}

    assert.is(formatCallback(callback), 'callback()');
    assert.is(
      formatCallback(callback, [1, 'x'.repeat(50)]),
      "callback(1, 'xxxxxxxxxxxx...xxxxxxxxxxxxx')",
    );
    assert.is(
      formatCallback(() => {}),
      '<anonymous>()',
    );
    assert.is(formatCallback(callback.bind(undefined)), 'bound callback()');
  });
});
