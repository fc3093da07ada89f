import { selfSigned } from '../echo/certificate.ts';
import { serveEchoWithWorkers, WorkersError } from '../echo/echo-workers.ts';
import { STYLES, type Style } from '../echo/styles.ts';
import * as asyncio from '../index.ts';
import { Failure } from './process/failure.ts';

const INTERRUPTED = 130;
const TERMINATED = 143;

/** The options of the command. */
interface CommandOptions {
  readonly host: string;
  readonly port: number;
  /** Seconds. */
  readonly grace: number;
  readonly style: Style;
  readonly workers: number;
  readonly isEncrypted: boolean;
  readonly isQuiet: boolean;
}

/** Serves until it is stopped, and returns the exit status. */
export async function echo(
  options: CommandOptions,
  onFailure: (text: string) => void,
): Promise<number> {
  const { host, port, grace, style, workers } = options;
  const say = (line: string): void => console.log(`echo: ${line}`);
  const onConnection = options.isQuiet ? undefined : say;
  const ssl = options.isEncrypted ? certificate(host, say) : undefined;
  let status = 0;
  const serve = asyncio.coroutine(async function serve(): Promise<void> {
    const server = asyncio.currentTask();
    asyncio.getRunningLoop().addSignalHandler('SIGTERM', () => {
      status = TERMINATED;
      server?.cancel();
    });
    const options = { host, port, ssl, grace, say, onConnection };
    if (workers === 1) await STYLES[style](options);
    else await serveEchoWithWorkers({ ...options, style, workers, onFailure });
  });
  try {
    await asyncio.run(serve());
  } catch (error) {
    if (error instanceof asyncio.KeyboardInterrupt) return INTERRUPTED;
    if (error instanceof asyncio.CancelledError && status !== 0) return status;
    if (error instanceof WorkersError) throw new Failure(error.message);
    if (!(error instanceof asyncio.OSError)) throw error;
    throw new Failure(`cannot listen on ${host}:${port}: ${error.message}`);
  }
  return status;
}

/** Creates a certificate for this machine, and prints its fingerprint. */
function certificate(host: string, say: (line: string) => void): { key: string; cert: string } {
  const names = new Set(['localhost', '127.0.0.1', '::1', ...(host === '' ? [] : [host])]);
  const { key, cert, fingerprint } = selfSigned([...names]);
  say(`certificate SHA-256 ${fingerprint}`);
  return { key, cert };
}
