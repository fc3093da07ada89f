/** Answers each line of standard input, until its end or until there is no input for a while. */
import * as asyncio from 'asyncio-ts';

const PATIENCE = Number(process.env['PATIENCE'] ?? 10);

const answerLines = asyncio.coroutine(async function answerLines(): Promise<number> {
  const loop = asyncio.getRunningLoop();
  const reader = new asyncio.StreamReader();
  const protocol = new asyncio.StreamReaderProtocol(reader);
  const [transport] = await loop.connectReadPipe(() => protocol, process.stdin);
  let lines = 0;
  try {
    for (;;) {
      const line = await asyncio.waitFor(reader.readline(), PATIENCE);
      if (line.length === 0) return lines;
      lines += 1;
      console.log(`${lines}: ${String(line).trimEnd()}`);
    }
  } finally {
    transport.close();
  }
});

const main = asyncio.coroutine(async function main(): Promise<void> {
  try {
    console.log(`${await answerLines()} lines`);
  } catch (error) {
    if (!(error instanceof asyncio.TimeoutError)) throw error;
    console.log('no more input');
  }
});

await asyncio.run(main());
