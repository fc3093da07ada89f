import { once } from 'node:events';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { AGENT_VERSION } from '../../inspect/snapshot/data.ts';
import { Failure } from './failure.ts';
import { patiently, soon } from './soon.ts';
import { type Ask, parse, type Target } from './target.ts';

/**
 * Connects to a thread that listens at a path because of `asyncio.inspect.listen()` or `ASYNCIO_INSPECT`.
 *
 * @throws {Failure} when no thread listens there
 */
export async function connectTo(path: string): Promise<Target> {
  const socket = connect({ path });
  try {
    await once(socket, 'connect');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new Failure(
      code === 'EACCES'
        ? `not allowed to connect to ${path}`
        : `no program listens at ${path} (${code})`,
    );
  }
  const lines = createInterface(socket)[Symbol.asyncIterator]();
  const send = async (question: string): Promise<string> => {
    socket.write(`${question}\n`);
    const { value, done } = await lines.next();
    if (done) throw new Failure('the process has closed the connection');
    const { text, error } = parse<{ text?: string; error?: string }>(value);
    if (text === undefined) throw new Failure(String(error));
    return text;
  };
  const version = await soon(send('version'));
  if (version === undefined) throw new Failure(`the program at ${path} does not respond`);
  if (version !== String(AGENT_VERSION))
    throw new Failure(
      `${path} uses another version of asyncio-ts (expected ${AGENT_VERSION}, got ${version})`,
    );
  const ask: Ask = async (question) =>
    await patiently(send(question), async () => await (await connectTo(path)).close());
  return {
    check: async () => void (await ask('version')),
    threads: async () => [ask],
    close: async () => void socket.destroy(),
  };
}
