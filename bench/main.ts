/** Compares echo servers, and measures the loop itself. See bench/README.md. */
import { Bench } from './bench.ts';
import { checkDescriptors } from './descriptors.ts';
import { ClientError } from './load-client.ts';
import { benchMemory } from './memory.ts';
import { HELP, parseOptions, UsageError } from './options.ts';
import { report } from './report.ts';
import { chosen } from './subjects.ts';

/** @returns the exit status */
async function main(args: string[]): Promise<number> {
  if (args[0] === 'memory') return await benchMemory(args.slice(1));
  const options = parseOptions(args);
  if (options === undefined) {
    process.stdout.write(HELP);
    return 0;
  }
  checkDescriptors(options.loads);
  const bench = new Bench(options, chosen(options.only, options.nodes));
  const client = await bench.run();
  report(options, bench.figures, client);
  const { servers, micro } = bench.figures;
  return bench.broken || servers.length + micro.length === 0 ? 1 : 0;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  const status = error instanceof UsageError ? 2 : 1;
  if (status === 1 && !(error instanceof ClientError)) throw error;
  console.error(`bench: ${(error as Error).message}`);
  process.exitCode = status;
}
