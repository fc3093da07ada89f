/**
 * Ways to wait for one thing. To a task they are the same: its step is all the microtasks that an
 * entry sets off, and a cancel reaches what is waited for through any of them.
 */
import { coroutine } from '../../src/index.ts';

type Form = <T>(awaited: Promise<T>) => PromiseLike<T>;

const FORMS: readonly Form[] = [
  (awaited) => awaited,
  async (awaited) => await awaited,
  async (awaited) => awaited,
  (awaited) => Promise.resolve(awaited),
  (awaited) => awaited.then((value) => value),
  (awaited) =>
    awaited.catch((error) => {
      throw error;
    }),
  (awaited) => awaited.finally(() => {}),
  (awaited) => Promise.race([awaited]),
  (awaited) => Promise.all([awaited]).then(([value]) => value),
  (awaited) => new Promise((resolve, reject) => awaited.then(resolve, reject)),
  // biome-ignore lint/suspicious/noThenProperty: what has one can be awaited
  (awaited) => ({ then: (value, error) => awaited.then(value, error) }),
  (awaited) => coroutine(() => awaited)(),
  (awaited) => coroutine(async () => await coroutine(async () => await awaited)())(),
  async (awaited) => {
    await undefined;
    try {
      return await awaited;
    } finally {
      await Promise.resolve();
    }
  },
  async (awaited) => {
    const [outcome] = await Promise.allSettled([awaited]);
    if (outcome.status === 'rejected') throw outcome.reason;
    return outcome.value;
  },
  async (awaited) => {
    const generator = (async function* one() {
      yield await awaited;
    })();
    for await (const value of generator) return value;
    throw new Error('the generator gave nothing');
  },
];

let used = 0;

/** The same to wait for, in another form each time. */
export function inSomeForm<T>(awaited: Promise<T>): PromiseLike<T> {
  used += 1;
  return (FORMS[used % FORMS.length] as Form)(awaited);
}
