import { readFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import * as asyncio from '../../../src/index.ts';
import { loopBehaviour } from '../../support/loop-behaviour.ts';
import { throws } from '../../support/throws.ts';

class Counter {
  static made = 0;
  readonly #step: number;
  count = 0;

  constructor(step: number) {
    this.#step = step;
  }

  @asyncio.coroutine
  async add(times: number): Promise<number> {
    this.count += times * this.#step;
    await asyncio.sleep(0);
    return this.count;
  }

  @asyncio.coroutine
  static async make(step: number): Promise<Counter> {
    Counter.made += 1;
    return new Counter(step);
  }

  @asyncio.coroutine
  async #secret(): Promise<string> {
    return 'secret';
  }

  tell(): Promise<string> {
    return this.#secret();
  }

  @asyncio.asyncgen
  async *numbers(): AsyncGenerator<number, void, undefined> {
    yield this.#step;
    yield this.#step * 2;
  }
}

class Double extends Counter {
  @asyncio.coroutine
  override async add(times: number): Promise<number> {
    return await super.add(times * 2);
  }
}

loopBehaviour('@coroutine', (it) => {
  it('makes the calls of a method coroutines, which start when they are awaited', async () => {
    const counter = new Counter(3);

    const call = counter.add(2);
    assert.ok(asyncio.iscoroutine(call));
    assert.is(counter.count, 0);
    assert.is(await call, 6);

    assert.ok(asyncio.iscoroutinefunction(counter.add));
    assert.is(await new Double(1).add(2), 4);
  });

  it('serves static and private methods, too', async () => {
    const call = Counter.make(1);
    assert.is(Counter.made, 0);

    const counter = await call;

    assert.is(Counter.made, 1);
    assert.is(await counter.tell(), 'secret');
  });

  it('gives a task the name of the method', async () => {
    const counter = new Counter(1);

    const task = asyncio.createTask(() => counter.add(1));
    const call = counter.add(1);

    assert.is(String(call), '<coroutine object add>');
    assert.is((await task) + (await call), 3);
  });

  it('names the class as the place of definition, not the decorator helper', async () => {
    const lines = readFileSync(new URL(import.meta.url), 'utf8').split('\n');
    const begin = lines.findIndex((line) => line.startsWith('class Counter')) + 1;
    const end = lines.findIndex((line) => line.startsWith('class Double'));
    const call = new Counter(1).add(1) as asyncio.Coroutine<number>;

    const line = Number(call._site?.split(':').at(-1));

    call.close();
    assert.ok(begin <= line && line <= end, `line ${line} is not between ${begin} and ${end}`);
  });

  it('leaves the method on the prototype, with its name and length', async () => {
    assert.is(Counter.prototype.add.name, 'add');
    assert.is(Counter.prototype.add.length, 1);
    assert.not(Object.hasOwn(new Counter(1), 'add'));
  });

  it('has a variant for generators', async () => {
    const numbers: number[] = [];

    for await (const number of new Counter(2).numbers()) numbers.push(number);

    assert.equal(numbers, [2, 4]);
  });

  it('is refused on anything but a method', async () => {
    const decorators = { coroutine: asyncio.coroutine, asyncgen: asyncio.asyncgen };
    for (const [name, decorate] of Object.entries(decorators)) {
      const apply = decorate as unknown as (value: unknown, context: object) => unknown;
      for (const kind of ['class', 'getter', 'setter'])
        throws(() => apply(class {}, { kind, name: 'x' }), TypeError, {
          message: `@${name} is for methods, not for a ${kind}`,
        });
      throws(() => apply(undefined, { kind: 'field', name: 'x' }), TypeError, {
        message: `@${name} is for methods, not for a field`,
      });
    }
  });

  it('is refused under `experimentalDecorators`, whose decorators are different', async () => {
    const decorators = { coroutine: asyncio.coroutine, asyncgen: asyncio.asyncgen };
    for (const [name, decorate] of Object.entries(decorators)) {
      const apply = decorate as unknown as (...args: unknown[]) => unknown;
      for (const target of [{}, class {}])
        throws(() => apply(target, 'add', { value: async () => {} }), TypeError, {
          message: `@${name} is a standard decorator: switch experimentalDecorators off`,
        });
    }
  });

  it('is a plain call, even if a list is mapped with it', async () => {
    const functions = [async () => 1, async () => 2].map(asyncio.coroutine);

    assert.equal(await asyncio.gather(...functions), [1, 2]);
  });
});
