import { startServer } from '../../src/index.ts';
import * as socket from '../../src/socket.ts';
import type { World } from '../../src/testing.ts';

/** A host that echoes until its clients end. */
export function addServer(world: World, name = 'server') {
  return world.host(name, async () => {
    await using server = await startServer(
      async (reader, writer) => {
        try {
          for (;;) {
            const data = await reader.read(1000);
            if (data.length === 0) break;
            writer.write(data);
            await writer.drain();
          }
        } catch (error) {
          if (!(error instanceof socket.error)) throw error;
        } finally {
          writer.close();
        }
      },
      '0.0.0.0',
      80,
    );
    await server.serveForever();
  });
}

/** The error code of what fails. */
export async function codeOf(body: () => PromiseLike<unknown>): Promise<string> {
  try {
    await body();
  } catch (error) {
    return (error as { code?: string }).code ?? `${error}`;
  }
  return 'none';
}
