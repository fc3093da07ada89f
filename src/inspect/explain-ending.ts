import { log } from '../base/log/log.ts';
import { numberOf } from '../base/printing/inspect.ts';
import { attempt } from '../base/values/attempt.ts';
import { describeAbandoned } from '../core/cancellation/abandoned.ts';
import { leftCallsOf } from '../core/cancellation/left-calls.ts';
import { Task } from '../core/coroutines/task.ts';
import { isAwaitTracking } from '../core/futures/await-stacks.ts';
import { type Ending, endingsOn, handlerOf } from '../core/reports/slow-endings.ts';
import type { LoopCore } from '../core/turns/loop-core.ts';
import { DefaultExecutor } from '../threads/default-executor.ts';
import { allOpenOn } from '../transports/open-transports.ts';
import { peerOf, Server } from '../transports/server/server.ts';
import { printable } from './printable.ts';
import type { FrameData, TaskData } from './snapshot/data.ts';
import { takeSnapshot } from './snapshot/snapshot.ts';
import { trackedFunctions } from './snapshot/where.ts';
import { framesInWords, stateInWords } from './words.ts';

/** How many tasks or connections are listed; of the rest, only the number is printed. */
const MOST = 20;

/** Tasks of `run()` itself, which wait for what else is left. */
const OWN = /^(?:Loop\.)?shutdown(?:Asyncgens|DefaultExecutor)$/;

/** Logs what an ending waits for; nothing if it has ended in the meantime. */
export async function explainEnding(
  loop: LoopCore,
  ending: Ending,
  seconds: number,
): Promise<void> {
  const snapshot = await takeSnapshot();
  const tasks = new Map(
    snapshot.loops.flatMap((each) => each.tasks).map((task) => [task.id, task]),
  );
  const lines = new Explanation(loop, tasks).of(ending);
  if (lines.length === 0) return;
  const { pid, thread } = snapshot.process;
  const headline = `${thread === 0 ? '' : `Thread ${pid}/${thread}: `}${ending.headline(seconds.toFixed(1))}`;
  const text = [headline, ...lines].map((line) => printable(line));
  log(text.join('\n'), 'warn');
}

class Explanation {
  readonly #loop: LoopCore;
  readonly #tasks: ReadonlyMap<number, TaskData>;

  constructor(loop: LoopCore, tasks: ReadonlyMap<number, TaskData>) {
    this.#loop = loop;
    this.#tasks = tasks;
  }

  of(ending: Ending): string[] {
    const { subject } = ending;
    if (subject instanceof Server) return this.#ofServer(subject);
    if (subject instanceof DefaultExecutor) return this.#ofExecutor(subject);
    if (subject instanceof Task) return this.#ofTask(subject);
    return this.#ofLoop(ending);
  }

  #ofLoop(ending: Ending): string[] {
    const others = [...this.#loop._tasks]
      .filter((task): task is Task<unknown> => task instanceof Task)
      .map((task) => this.#tasks.get(numberOf(task)))
      .filter((task) => task !== undefined && !OWN.test(task.coroutine.name));
    const left = [...leftCallsOf(this.#loop)].map(
      (calls) => `  a call that nobody awaits waits for ${calls._describeAwaits()}`,
    );
    const within = [...endingsOn(this.#loop)]
      .filter(({ rank, subject }) => rank < ending.rank && !(subject instanceof Task))
      .flatMap((other) => this.of(other));
    const open = ending.rank > 0 ? [] : [...allOpenOn(this.#loop)].map((each) => `  ${each}`);
    const abandoned = describeAbandoned(this.#loop).map((line) => `  ${line}`);
    return [
      ...atMost(others as TaskData[], 'tasks', (task) => this.#say(task)),
      ...left,
      ...within,
      ...abandoned,
      ...atMost(open, 'servers and connections', (line) => [line]),
    ];
  }

  /** The task, and those that it waits for. */
  #ofTask(task: Task<unknown>): string[] {
    const known = new Set([this.#tasks.get(numberOf(task))]);
    for (const one of known)
      for (const id of one?.waits.flatMap((wait) => wait.for) ?? []) known.add(this.#tasks.get(id));
    known.delete(undefined);
    return atMost([...known] as TaskData[], 'tasks', (one) => this.#say(one));
  }

  #ofServer(server: Server): string[] {
    return atMost(server._connections, 'connections', (connection) => {
      const peer = attempt(() => peerOf(connection), undefined);
      const who = `  ${peer === undefined || peer === '' ? 'a client' : peer}: `;
      if ('address' in connection) return [`${who}its connection is being established`];
      const unsent = attempt(() => connection.getWriteBufferSize(), 0);
      const isClosing = attempt(() => connection.isClosing(), false);
      const protocol = connection.getProtocol();
      const handler = protocol && handlerOf(protocol);
      const task = handler === undefined ? undefined : this.#tasks.get(numberOf(handler));
      const state = [
        isClosing ? 'it is closing' : 'it is open',
        unsent > 0 && `${unsent} bytes wait to be sent`,
      ];
      return [
        `${who}${state.filter(Boolean).join(', ')}`,
        ...(task === undefined ? [] : this.#say(task, '    ')),
      ];
    });
  }

  #ofExecutor(executor: DefaultExecutor): string[] {
    return atMost([...executor.calls], 'calls', ({ name, since, site }) => [
      `  ${name}() has been running in a thread for ${(this.#loop.time() - since).toFixed(1)} s`,
      ...(site === undefined ? [] : [`      called at ${site}`]),
    ]);
  }

  #say(task: TaskData, margin = '  '): string[] {
    const { id, name, coroutine, cancelling } = task;
    const cancelled = cancelling > 0 ? ', cancelled' : '';
    const who = `${margin}${name} (${coroutine.name}${cancelled}) `;
    if (task.waits.length > 0)
      return task.waits.flatMap((wait) => [
        `${who}waits for ${wait.words}`,
        ...framesInWords(wait.stack.length > 0 ? wait.stack : this.#trackedFrames(id), margin),
      ]);
    const isUnknown = !isAwaitTracking() && task.state === 'waiting' && task.stack.length === 0;
    return [
      `${who}${stateInWords(task)}`,
      ...framesInWords(task.stack, margin),
      ...(isUnknown ? [`${margin}    ASYNCIO_EXPLAIN=1 shows the line`] : []),
    ];
  }

  /** Only known if awaits are tracked. */
  #trackedFrames(id: number): FrameData[] {
    for (const task of this.#loop._tasks) if (numberOf(task) === id) return trackedFunctions(task);
    return [];
  }
}

function atMost<T>(all: readonly T[], what: string, say: (one: T) => string[]): string[] {
  const lines = all.slice(0, MOST).flatMap((one) => say(one));
  return all.length > MOST ? [...lines, `  and ${all.length - MOST} more ${what}`] : lines;
}
