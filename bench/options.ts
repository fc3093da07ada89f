import { parseArgs } from 'node:util';

export const HELP = `Usage: npm run bench [-- OPTIONS]

Measures echo servers, and what the loop itself costs. See bench/README.md.

Options:
  --rounds N      how often each is measured; medians are printed   (default: 3)
  --seconds S     how long each is measured in each round           (default: 1)
  --only NAMES    the servers to measure, by their names, with commas; node:net comes always
  --loads LOADS   the loads, as CONNECTIONSxBYTES, with commas
                  (default: 1x1000,10x1000,100x1000,10x100000)
  --no-micro      leave out what the loop itself costs
  --json FILE     write every figure of every round to FILE, too
  --help          show this
`;

/** How the measurement is to be done. */
export interface BenchOptions {
  readonly rounds: number;
  readonly seconds: number;
  readonly only: readonly string[] | undefined;
  readonly loads: readonly { readonly connections: number; readonly size: number }[];
  readonly micro: boolean;
  readonly json: string | undefined;
  readonly help: boolean;
}

/** @throws {TypeError} with a line for the user, when the options are not as in {@link HELP} */
export function parseOptions(args: string[]): BenchOptions {
  const { values } = parseArgs({
    args,
    options: {
      rounds: { type: 'string', default: '3' },
      seconds: { type: 'string', default: '1' },
      only: { type: 'string' },
      loads: { type: 'string', default: '1x1000,10x1000,100x1000,10x100000' },
      'no-micro': { type: 'boolean', default: false },
      json: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  return {
    rounds: positive('--rounds', values.rounds, /^\d+$/),
    seconds: positive('--seconds', values.seconds, /^\d*\.?\d+$/),
    only: values.only?.split(','),
    loads: values.loads.split(',').map(parseLoad),
    micro: !values['no-micro'],
    json: values.json,
    help: values.help,
  };
}

function positive(option: string, text: string, form: RegExp): number {
  if (form.test(text) && Number(text) > 0) return Number(text);
  throw new TypeError(`${option} must be a number above 0, got '${text}'`);
}

function parseLoad(text: string): { connections: number; size: number } {
  const [, connections, size] = /^(\d+)x(\d+)$/.exec(text) ?? [];
  if (Number(connections) > 0 && Number(size) > 0)
    return { connections: Number(connections), size: Number(size) };
  throw new TypeError(`a load must look like 100x1000, got '${text}'`);
}
