/** The peer of the cases of faults: a program that is frozen and killed. */
import { Future, isException, startServer } from '../../../src/index.ts';
import { ECHO, IPV4, IPV6 } from './fault-play.ts';

/** @param ready - called when it listens */
export async function servePeer(ready: () => void): Promise<void> {
  await using _server = await startServer(
    async (reader, writer) => {
      try {
        for (;;) {
          const data = await reader.read(65_536);
          if (data.length === 0) break;
          writer.write(data);
          await writer.drain();
        }
      } catch (error) {
        if (!isException(error)) throw error;
      } finally {
        writer.close();
      }
    },
    [IPV4.server, IPV6.server],
    ECHO,
  );
  ready();
  await new Future();
}
