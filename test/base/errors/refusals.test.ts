import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { typeError } from '../../../src/base/errors/refusals.ts';
import { setLogger } from '../../../src/base/log/log.ts';
import * as asyncio from '../../../src/index.ts';
import * as socket from '../../../src/socket.ts';
import { behaviour } from '../../support/behaviour.ts';
import { DRIVERS, stream } from '../../support/drivers.ts';
import { loopBehaviour } from '../../support/loop-behaviour.ts';
import { root } from '../../support/program.ts';
import { rejects } from '../../support/rejects.ts';
import { showsAwaits } from '../../support/shows-awaits.ts';

/** A call that throws at once, and what stands on its line. */
type Refused = readonly [line: string, call: () => unknown];

const variable = new asyncio.ContextVar('variable');
const full = new asyncio.Queue<number>(1);
full.putNowait(1);

const future = (): asyncio.Future<unknown> => asyncio.getRunningLoop().createFuture();

/** Some of each room, with errors of JavaScript's classes and of ours. */
const REFUSED: readonly Refused[] = [
  ["sleep('1')", () => asyncio.sleep('1' as never)],
  ['sleep(NaN)', () => asyncio.sleep(Number.NaN)],
  ['sleep(1, undefined, 5)', () => asyncio.sleep(1, undefined, 5 as never)],
  ['timeout(1, 5)', () => asyncio.timeout(1, 5 as never)],
  ['taskGroup(5)', () => asyncio.taskGroup(5 as never)],
  ['gather(5)', () => asyncio.gather(5 as never)],
  ['shield(5)', () => asyncio.shield(5 as never)],
  ['createTask(5)', () => asyncio.createTask(5 as never)],
  ['ensureFuture(5)', () => asyncio.ensureFuture(5 as never)],
  ["ExceptionGroup('none', [])", () => new asyncio.ExceptionGroup('none', [])],
  ['coroutine(5)', () => asyncio.coroutine(5 as never)],
  ['ContextVar(5)', () => new asyncio.ContextVar(5 as never)],
  ['variable.get()', () => variable.get()],
  ['variable.reset(', () => variable.reset(new asyncio.ContextVar('other').set(1) as never)],
  ['getRunningLoop().callLater(', () => asyncio.getRunningLoop().callLater('1' as never, () => {})],
  ['getRunningLoop().callSoon(5)', () => asyncio.getRunningLoop().callSoon(5 as never)],
  ['setTaskFactory(5)', () => asyncio.getRunningLoop().setTaskFactory(5 as never)],
  ['future().result()', () => future().result()],
  ['future().setException(5)', () => future().setException(5 as never)],
  ['future().cancel(5)', () => future().cancel(5 as never)],
  ['full.putNowait(2)', () => full.putNowait(2)],
  ['Queue().getNowait()', () => new asyncio.Queue().getNowait()],
  ["Queue('1')", () => new asyncio.Queue('1' as never)],
  ['Queue().taskDone()', () => new asyncio.Queue().taskDone()],
  ['Semaphore(-1)', () => new asyncio.Semaphore(-1)],
  ['Lock().release()', () => new asyncio.Lock().release()],
  ['Condition().notify()', () => new asyncio.Condition().notify()],
  ['Barrier(0)', () => new asyncio.Barrier(0)],
  ['StreamReader({ limit: 0 })', () => new asyncio.StreamReader({ limit: 0 })],
  ['ThreadPoolExecutor(0)', () => new asyncio.ThreadPoolExecutor(0)],
  ['registerErrorClass(5)', () => asyncio.registerErrorClass(5 as never)],
  ['Runner({ debut: true })', () => new asyncio.Runner({ debut: true } as never)],
  ['setLogger({})', () => setLogger({} as never)],
  ['socket.socket(99)', () => socket.socket(99)],
];

/** How a user may reach such a call. */
const WAYS: Record<string, (call: () => unknown) => unknown> = {
  'a function': (call) => call(),
  'an async function, after an await': async (call) => {
    await asyncio.sleep(0);
    await call();
  },
  'the first step of a coroutine': (call) => asyncio.coroutine(async () => await call())(),
  'a limit': (call) => asyncio.timeout(1, async () => await call()),
  'a callback of the loop': async (call) => {
    const failed = future();
    asyncio.getRunningLoop().callSoon(() => failed.setException(thrownBy(call)));
    await failed;
  },
};

function thrownBy(call: () => unknown): Error {
  try {
    call();
  } catch (error) {
    return error as Error;
  }
  throw new Error(`${call} was not refused`);
}

/** Asserts that the stack of an error begins with its name and message, and then the user's line. */
function beginsWith(line: string, error: Error): void {
  const lines = String(error.stack).split('\n');
  error.stack = lines.filter((each) => !each.includes('/node_modules/uvu/')).join('\n');
  showsAwaits(error, [undefined, line]);
  const head = `${error.name}: ${error.message}`.replace(/: $/, '');
  assert.ok(error.stack?.startsWith(`${head}\n    at `), error.stack);
}

for (const debug of [false, true])
  loopBehaviour(`The stack of an error that a call throws at once, debug mode ${debug}`, (it) => {
    for (const [way, reach] of Object.entries(WAYS))
      it(
        `begins with the line of the call in ${way}`,
        async () => {
          for (const [line, call] of REFUSED)
            beginsWith(line, await rejects((async () => await reach(call))(), Error));
        },
        { debug },
      );

    for (const { name: driver } of DRIVERS)
      it(
        `begins with the line of the call of a socket (${driver})`,
        async () => {
          const sock = stream(driver);
          const closed = stream(driver);
          closed.close();
          const refused: readonly Refused[] = [
            ['bind(5)', () => sock.bind(5 as never)],
            ["send('x')", () => sock.send('x' as never)],
            ["settimeout('1')", () => sock.settimeout('1' as never)],
            ['setsockopt(1.5', () => sock.setsockopt(1.5, 2, 3)],
            ['accept()', () => sock.accept()],
            ['getpeername()', () => sock.getpeername()],
            ['closed.recv(1)', () => closed.recv(1)],
          ];
          for (const [line, call] of refused) beginsWith(line, thrownBy(call));
          sock.close();
        },
        { debug },
      );
  });

behaviour('The stack of an error that a call throws outside a loop', (it) => {
  const refused: readonly Refused[] = [
    ['getRunningLoop()', () => asyncio.getRunningLoop()],
    ['createTask(async', () => asyncio.createTask(async () => {})],
    ['Future()', () => new asyncio.Future()],
    ["sleep('1')", () => asyncio.sleep('1' as never)],
  ];
  for (const [line, call] of refused)
    it(`begins with the line of ${line}`, () => beginsWith(line, thrownBy(call)));
});

behaviour('typeError and rangeError', (it) => {
  it('create all such errors of the library, but those of its threads', () => {
    const src = join(root, 'src');
    const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((file) =>
      /\bnew (?:Type|Range)Error\(/.test(
        file.endsWith('.ts') ? readFileSync(join(src, file), 'utf8') : '',
      ),
    );

    assert.equal(files, [join('threads', 'thread-program.ts')]);
  });
});

behaviour('A refused argument', (it) => {
  const refused = (): Error => thrownBy(() => asyncio.sleep('1' as never));

  it('is a plain TypeError, whose stack can be set', () => {
    const error = refused();

    assert.is(Object.getPrototypeOf(error), TypeError.prototype);
    assert.is(error.constructor, TypeError);
    assert.is(error.message, "delay must be a number of seconds, got '1'");
    assert.ok(Object.hasOwn(error, 'stack'));
    assert.equal(Object.keys(error), []);
    error.stack = 'mine';
    assert.is(error.stack, 'mine');
  });

  it('shows as many frames as `Error.stackTraceLimit` allows', () => {
    const before = Error.stackTraceLimit;
    try {
      Error.stackTraceLimit = 1;
      assert.match(String(refused().stack), /^TypeError: .*\n.*refusals\.test[^\n]*$/);
      Error.stackTraceLimit = 0;
      assert.match(String(refused().stack), /^TypeError: [^\n]*$/);
    } finally {
      Error.stackTraceLimit = before;
    }
  });

  it('has the stack of a program that has a prepareStackTrace', () => {
    const before = Object.getOwnPropertyDescriptor(Error, 'prepareStackTrace');
    Error.prepareStackTrace = ({ name }, sites) => [name, sites.length > 0];
    try {
      assert.equal(refused().stack, ['TypeError', true]);
    } finally {
      if (before === undefined) Reflect.deleteProperty(Error, 'prepareStackTrace');
      else Object.defineProperty(Error, 'prepareStackTrace', before);
    }
  });

  it('keeps its cause', () => {
    const cause = new Error('cause');

    assert.is(typeError('refused', { cause }).cause, cause);
  });
});

loopBehaviour('A refused argument with no user function on the stack', (it) => {
  it('keeps all frames', async (loop, { reports, settle }) => {
    loop.callSoon(asyncio.sleep as never, '1');
    await settle();

    const { stack } = Object(reports[0]?.exception) as Error;
    assert.match(
      String(stack),
      /^TypeError: delay must .*\n(?: +at .*\n)+ +at (?:Module\.)?sleep /,
    );
  });
});
