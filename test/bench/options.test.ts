import * as assert from 'uvu/assert';
import { HELP, parseOptions, UsageError } from '../../bench/options.ts';
import { behaviour } from '../support/behaviour.ts';
import { throws } from '../support/throws.ts';

behaviour('npm run bench', (it) => {
  it('measures every load and what the loop costs unless it is told otherwise', () => {
    assert.equal(parseOptions([]), {
      rounds: 3,
      seconds: 0.3,
      only: undefined,
      nodes: [],
      loads: [
        { kind: 'echo', connections: 1, size: 1000 },
        { kind: 'echo', connections: 10, size: 1000 },
        { kind: 'echo', connections: 100, size: 1000 },
        { kind: 'echo', connections: 1000, size: 1000 },
        { kind: 'echo', connections: 10, size: 100_000 },
        { kind: 'accept' },
        { kind: 'idle', connections: 9000 },
      ],
      client: undefined,
      leavers: 0,
      others: 0.2,
      micro: true,
      json: undefined,
      svg: undefined,
      history: undefined,
    });
  });

  it('takes loads, servers and numbers from its options', () => {
    const options = parseOptions(
      '--loads accept,2x30,idle,2x30 --idle 4 --only uvloop,Bun --seconds .5 --no-micro'.split(' '),
    );

    assert.equal(options?.loads, [
      { kind: 'accept' },
      { kind: 'echo', connections: 2, size: 30 },
      { kind: 'idle', connections: 4 },
    ]);
    assert.equal(options?.only, ['uvloop', 'Bun']);
    assert.is(options?.seconds, 0.5);
    assert.not(options?.micro);
  });

  it('measures no server when it is called with micro', () => {
    const options = parseOptions(['micro', '--rounds', '2']);

    assert.equal(options?.loads, []);
    assert.is(options?.rounds, 2);
  });

  it('answers nothing when help is asked for, which names every option', () => {
    assert.is(parseOptions(['--help']), undefined);
    for (const option of 'rounds seconds only node loads idle leavers others client no-micro json svg history help'.split(
      ' ',
    ))
      assert.match(HELP, `\n  --${option} `);
  });

  const misused: [line: string, complaint: string][] = [
    ['all', 'there is no all, only micro'],
    ['micro more', 'micro takes no more'],
    ['micro --loads accept', 'micro takes no --loads'],
    ['--nope', "Unknown option '--nope'"],
    ['--rounds 1.5', "--rounds must be an integer >= 1, got '1.5'"],
    ['--seconds 0', "--seconds must be a number above 0, got '0'"],
    ['--loads 100', "a load must be accept, idle or look like 100x1000, got '100'"],
    ['--loads 0x1000', "a load must be accept, idle or look like 100x1000, got '0x1000'"],
    ['--leavers many', "--leavers must be an integer >= 1, got 'many'"],
    ['--idle 5 --loads accept', '--idle needs the load idle among --loads'],
    ['--svg x.svg --loads idle', '--svg needs a load like 100x1000 among --loads'],
    ['--client tcp', "--client must be epoll or net, got 'tcp'"],
  ];
  for (const [line, complaint] of misused)
    it(`refuses ${line}, and says why`, () => {
      const error = throws(() => parseOptions(line.split(' ')), UsageError);

      assert.is(error.message, complaint);
    });

  it('refuses a file that it could not write in the end', () => {
    const error = throws(() => parseOptions(['--json', 'no/such/folder.json']), UsageError);

    assert.match(error.message, /^--json cannot be written to 'no\/such\/folder\.json': ENOENT/);
  });
});
