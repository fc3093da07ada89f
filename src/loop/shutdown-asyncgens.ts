import { isException, RuntimeError } from '../base/errors/errors.ts';
import { isError } from '../base/values/is-error.ts';
import type { LoopCore } from '../core/turns/loop-core.ts';
import type { OpenGenerator } from '../core/turns/open-generators.ts';
import { gather } from '../tasks/groups/gather.ts';

/** Closes the generators that are still open, and reports their errors. */
export async function shutdownAsyncgens(loop: LoopCore): Promise<void> {
  const left = loop._asyncgens.shutDown();
  if (left.length === 0) return;
  const closing = left.map((generator) => () => closeGenerator(generator));
  const errors = await gather(...closing, { returnExceptions: true });
  left.forEach((asyncgen, at) => {
    const exception: unknown = errors[at];
    if (!isError(exception) || !isException(exception)) return;
    loop.callExceptionHandler({
      message: `an error occurred during closing of asynchronous generator ${asyncgen}`,
      exception,
      asyncgen,
    });
  });
}

async function closeGenerator(generator: OpenGenerator): Promise<undefined> {
  const { done } = await generator.close();
  if (!done) throw new RuntimeError('async generator ignored GeneratorExit');
}
