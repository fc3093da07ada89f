import * as assert from 'uvu/assert';
import { brief, repr, shortRepr, typeNameOf } from '../../../src/base/printing/repr.ts';
import { userSite } from '../../../src/base/stacks/capture.ts';
import { stackOf } from '../../../src/base/stacks/error-report.ts';
import { behaviour } from '../../support/behaviour.ts';

function withGetter<T extends object>(key: string, object: T): T {
  return Object.defineProperty(object, key, {
    get() {
      throw new Error('a getter threw');
    },
  });
}

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

function detached(): Uint8Array {
  const bytes = new Uint8Array(5);
  structuredClone(bytes, { transfer: [bytes.buffer] });
  return bytes;
}

function nestedCauses(count: number): Error {
  let error = new Error('0');
  for (let n = 1; n < count; n += 1) error = new Error(`${n}`, { cause: error });
  return error;
}

function nestedGroups(count: number): Error {
  let error = new Error('0');
  for (let n = 1; n < count; n += 1) error = new AggregateError([error], `${n}`, { cause: error });
  return error;
}

function cyclicGroup(): Error {
  const group = new AggregateError([], 'group');
  group.errors.push(new Error('part', { cause: group }), group);
  return group;
}

const long = 'x'.repeat(10_000_000);

const hostile: readonly [what: string, value: unknown][] = [
  ...['stack', 'name', 'message', 'cause', 'constructor'].map(
    (key) => [`an error whose ${key} throws`, withGetter(key, new Error('m'))] as [string, unknown],
  ),
  ['a group whose errors throw', withGetter('errors', new AggregateError([], 'm'))],
  ['a group without errors', Object.assign(new AggregateError([], 'm'), { errors: 5 })],
  ['an error with symbols', Object.assign(new Error(), { name: Symbol(), message: Symbol() })],
  ['a revoked proxy', revoked()],
  [
    'an error behind a proxy that throws',
    new Proxy(new Error('m'), { get: () => revoked().valueOf() }),
  ],
  ['a message like a stack', new Error('m\n    at file://evil/x:1:1')],
  ['20,000 causes', nestedCauses(20_000)],
  ['20,000 groups', nestedGroups(20_000)],
  ['a group in itself', cyclicGroup()],
  ['a group of 100,000', new AggregateError(Array(100_000).fill(new Error('m')), 'g')],
  ['a detached array', detached()],
  ['a toString that throws', withGetter('toString', {})],
  ['a toString without text', { toString: () => ({}) }],
  ['a toPrimitive that throws', withGetter(Symbol.toPrimitive as never, { toString: () => 'x' })],
  ['no prototype', Object.create(null)],
  ['a class whose name throws', withGetter('name', class {})],
  ['an instance of it', new (withGetter('name', class {}))()],
  ['a property that throws', withGetter('key', {})],
  ['a subclass of promises', new (class Later extends Promise<void> {})(() => {})],
  ['a long text', long],
  ['a long symbol', Symbol(long)],
  ['a long message', new Error(long)],
  ['a long message of frames', new Error('\n    at f (x:1:1)'.repeat(1_000_000))],
  ['a long array', new Array(100_000_000)],
  ['a huge number', 10n ** 100_000n],
];

behaviour('a report', (it) => {
  for (const [what, value] of hostile)
    it(`prints ${what}, within bounds`, () => {
      assert.ok(stackOf(value).length < 2_000_000);
      assert.ok(repr(value).length < 1_000_000);
      assert.ok(shortRepr(value).length < 5_000);
      assert.ok(brief(value).length <= 260);
      assert.ok(typeNameOf(value).length <= 260);
    });

  for (const [what, prepareStackTrace] of [
    [
      'throws',
      () => {
        throw new Error('no stack');
      },
    ],
    ['returns the frames', (_: Error, frames: unknown) => frames],
    ['returns an object', () => ({})],
  ] as const)
    it(`shows name and message if Error.prepareStackTrace ${what}`, () => {
      const before = Error.prepareStackTrace;
      Error.prepareStackTrace = prepareStackTrace as never;
      try {
        assert.match(
          stackOf(new RangeError('the message')),
          /^RangeError: the message(\n {4}at |$)/,
        );
        assert.is(userSite(), undefined);
      } finally {
        Error.prepareStackTrace = before;
      }
    });

  it('examines a few thousand errors at most, also in groups with endless causes', () => {
    let made = 0;
    const endless = (): Error => {
      made += 1;
      return Object.defineProperty(new Error('one'), 'cause', { get: endless });
    };
    const group = (depth: number): Error =>
      depth === 0
        ? endless()
        : new AggregateError(
            Array.from({ length: 15 }, () => group(depth - 1)),
            'group',
          );
    const errors = group(3);
    made = 0;

    stackOf(errors);

    assert.ok(made < 10_000, `${made} were made`);
  });

  it('shows how many causes are omitted', () => {
    assert.match(stackOf(nestedCauses(20_000)), /\n\[cause\]: \.\.\. \(\d+ more\)$/);
  });
});

behaviour('typeNameOf', (it) => {
  it('shows nothing of the contents of the value', () => {
    assert.is(typeNameOf('secret'), 'a string');
    assert.is(typeNameOf({ key: 'secret' }), 'an object of class Object');
    assert.is(typeNameOf(null), 'None');
    assert.is(typeNameOf(5), '5');
  });
});
