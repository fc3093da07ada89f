/** However the bytes of commands are cut, the same commands are found. */
import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { CommandParser, ProtocolError } from '../../examples/resp/parser.ts';
import { QueryTooLargeError } from '../../examples/resp/protocol-error.ts';
import { typedWords } from '../../examples/resp/typed-words.ts';
import { behaviour } from '../support/behaviour.ts';
import { throws } from '../support/throws.ts';
import { bytesCopied, inLinearTime } from '../support/work.ts';

/** All commands in pieces that come one after the other, and what went wrong in the end. */
function parsed(pieces: readonly string[]): unknown[] {
  const parser = new CommandParser();
  const found: unknown[] = [];
  try {
    for (const piece of pieces) {
      parser.feed(Buffer.from(piece, 'latin1'));
      for (let words = parser.next(); words !== undefined; words = parser.next())
        found.push(words.map((word) => word.toString('latin1')));
    }
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    found.push(error.message);
  }
  return found;
}

/** A command as clients send it. */
function command(...words: readonly string[]): string {
  return [`*${words.length}`, ...words.flatMap((word) => [`$${word.length}`, word]), ''].join(
    '\r\n',
  );
}

/** The pieces of a text that is cut at these places. */
function cut(text: string, places: readonly number[]): string[] {
  const ends = [...places.map((place) => place % (text.length + 1)), text.length];
  ends.sort((a, b) => a - b);
  return ends.map((end, index) => text.slice(ends[index - 1] ?? 0, end));
}

const SEVERAL = [
  command('SET', 'key', 'a\r\nb'),
  'PING\r\n',
  '\r\n',
  command('GET', ''),
  'echo "two words" \'it\\\'s\' "\\x41\\n"\n',
  '*0\r\n*-1\r\n',
  command('ÿ', '*1\r\n$4\r\nPING\r\n'),
].join('');

behaviour('CommandParser', (it) => {
  it('finds commands of programs, and of people', () => {
    assert.equal(parsed([SEVERAL]), [
      ['SET', 'key', 'a\r\nb'],
      ['PING'],
      ['GET', ''],
      ['echo', 'two words', "it's", 'A\n'],
      ['ÿ', '*1\r\n$4\r\nPING\r\n'],
    ]);
  });

  it('finds the same wherever the bytes are cut in two, and byte by byte', () => {
    const whole = parsed([SEVERAL]);

    for (let at = 1; at < SEVERAL.length; at += 1)
      assert.equal(parsed([SEVERAL.slice(0, at), SEVERAL.slice(at)]), whole, `cut at ${at}`);
    assert.equal(parsed([...SEVERAL]), whole);
  });

  it('finds the commands that were sent, however they are cut', () => {
    const word = fc
      .uint8Array({ maxLength: 80 })
      .map((bytes) => Buffer.from(bytes).toString('latin1'));
    const commands = fc.array(fc.array(word, { minLength: 1, maxLength: 4 }), { maxLength: 6 });
    fc.assert(
      fc.property(commands, fc.array(fc.nat(2000), { maxLength: 20 }), (sent, places) => {
        const text = sent.map((words) => command(...words)).join('');

        assert.equal(parsed(cut(text, places)), sent);
      }),
    );
  });

  it('refuses or takes anything alike, however it is cut', () => {
    const part = fc.constantFrom(
      ...[
        '*2\r\n',
        '*1\r\n',
        '$3\r\n',
        'abc\r\n',
        'PING\r\n',
        '\r\n',
        '\n',
        '\r',
        '$-1\r\n',
        '*-1\r\n',
      ],
      ...['"', "'", ' ', '\\', '*', '$', '0', '9999999', 'x'],
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 12 }), fc.array(fc.nat(200)), (parts, places) => {
        const text = parts.join('');

        assert.equal(parsed(cut(text, places)), parsed([text]));
      }),
      { numRuns: 500 },
    );
  });

  it('puts a long word together once', () => {
    const long = 'x'.repeat(1_000_000);
    const text = command('SET', 'key', long) + command('PING');
    const pieces = Array.from({ length: 1001 }, (_, at) => text.slice(at * 1000, at * 1000 + 1000));

    assert.equal(parsed(pieces), [['SET', 'key', long], ['PING']]);
  });

  for (const [what, text, message] of [
    ['a number of words that is none', '*x\r\n', 'invalid multibulk length'],
    ['too many words', '*1048577\r\n', 'invalid multibulk length'],
    ['no number of words', '*\r\n', 'invalid multibulk length'],
    ['words without a length', '*1\r\nPING\r\n', "expected '$', got 'P'"],
    ['a length that is none', '*1\r\n$4x\r\n', 'invalid bulk length'],
    ['a negative length', '*1\r\n$-1\r\n', 'invalid bulk length'],
    ['a word that is too long', '*1\r\n$67108865\r\n', 'invalid bulk length'],
    ['a line that is too long', 'x'.repeat(65_537), 'too big inline request'],
    ['a number that is too long', `*${'0'.repeat(65_537)}`, 'too big mbulk count string'],
    ['a number with a zero before it', '*01\r\n', 'invalid multibulk length'],
    ['a number with a sign', '*+1\r\n', 'invalid multibulk length'],
    ['a number with a space', '* 1\r\n', 'invalid multibulk length'],
    ['a number before a bare newline', '*1\n$4\r\nPING\r\n', 'invalid multibulk length'],
    ['a length before a bare newline', '*1\r\n$4\nPING\r\n', 'invalid bulk length'],
    ['a length of minus nothing', '*1\r\n$-0\r\n', 'invalid bulk length'],
    ['no length', '*1\r\n$\r\n', 'invalid bulk length'],
    ['a length beyond 64 bits', `*1\r\n$${2n ** 64n + 4n}\r\n`, 'invalid bulk length'],
    ['a length of many digits', `*1\r\n$${'9'.repeat(60_000)}\r\n`, 'invalid bulk length'],
    ['a quote that does not end', 'GET "x\r\n', 'unbalanced quotes in request'],
    ['a quote that ends within a word', 'GET "x"y\r\n', 'unbalanced quotes in request'],
  ] as const)
    it(`refuses ${what}`, () => assert.equal(parsed([text]), [message]));

  it('copies each byte a few times, however a command is cut', () => {
    const text = command('MSET', ...Array.from({ length: 2000 }, (_, n) => 'x'.repeat(n)));
    const pieces = Buffer.from(text);
    const parser = new CommandParser();
    let words: Buffer[] | undefined;
    const copied = bytesCopied(() => {
      for (let at = 0; at < pieces.length; at += 100) {
        parser.feed(pieces.subarray(at, at + 100));
        words = parser.next();
      }
    });

    assert.is(words?.length, 2001);
    assert.ok(copied < 4 * pieces.length, `${copied} bytes copied of ${pieces.length}`);
  });

  it('copies little of commands that are cut by what comes with others', () => {
    const pieces = Buffer.from(command('SET', 'key', 'value').repeat(20_000));
    const parser = new CommandParser();
    let found = 0;
    const copied = bytesCopied(() => {
      for (let at = 0; at < pieces.length; at += 65_536) {
        parser.feed(pieces.subarray(at, at + 65_536));
        while (parser.next() !== undefined) found += 1;
      }
    });

    assert.is(found, 20_000);
    assert.ok(copied < 2 * pieces.length, `${copied} bytes copied of ${pieces.length}`);
  });

  for (const [what, pieces] of [
    ['a word', ['*2\r\n$3\r\nGET\r\n$5000\r\n', 'x'.repeat(600), 'x'.repeat(600)]],
    ['words', ['*99\r\n', '$300\r\n', ...Array(4).fill(`${'x'.repeat(300)}\r\n$300\r\n`)]],
    ['words of a byte', ['*1000000\r\n', ...Array(20).fill('$1\r\nx\r\n')]],
    ['empty words', ['*1000000\r\n', ...Array(20).fill('$0\r\n\r\n')]],
    ['lines of zeros', ['*9\r\n$', ...Array(2).fill('0'.repeat(600))]],
  ] as [string, string[]][])
    it(`stops a command that takes too much with ${what}, before it is complete`, () => {
      const parser = new CommandParser({ maxQuery: 1000 });
      throws(() => {
        for (const piece of pieces) {
          parser.feed(Buffer.from(piece));
          assert.is(parser.next(), undefined);
        }
      }, QueryTooLargeError);
    });

  it('counts only what a command takes itself', () => {
    const parser = new CommandParser({ maxQuery: 200 });
    for (let round = 0; round < 100; round += 1) {
      parser.feed(Buffer.from(command('SET', 'key', 'value').repeat(9)));
      for (let n = 0; n < 9; n += 1) assert.is(parser.next()?.length, 3);
      assert.is(parser.next(), undefined);
    }
  });

  it('refuses words beyond the limit that it is given', () => {
    const parser = new CommandParser({ maxBulk: 4 });
    parser.feed(Buffer.from(command('PING') + command('HELLO')));
    assert.equal(parser.next()?.map(String), ['PING']);
    throws(() => parser.next(), ProtocolError);
  });
});

behaviour('typedWords', (it) => {
  for (const [line, words] of [
    ['a b', ['a', 'b']],
    [' \t\va \f b \r\n', ['a', 'b']],
    ['', []],
    ['  ', []],
    ['a"b"', ['ab']],
    ["a'b' c", ['ab', 'c']],
    ['"" \'\'', ['', '']],
    ['"a b" \'c d\'', ['a b', 'c d']],
    ['"\\x41\\x4g\\n\\q\\""', ['Ax4g\nq"']],
    ["'\\x41\\n\\''", ["\\x41\\n'"]],
    ['a\\b', ['a\\b']],
    ['a b\0c d', ['a', 'b']],
    ['\xa0 \x85', ['\xa0', '\x85']],
  ] as const)
    it(`splits ${JSON.stringify(line)}`, () => {
      const found = typedWords(Buffer.from(line, 'latin1'));

      assert.equal(
        found.map((word) => word.toString('latin1')),
        words,
      );
    });

  for (const line of ['"', "'", '"a', "a'", '"a"b', "'a'b", '"a""b"', '"\\', '"\\"', '"a\0"'])
    it(`refuses ${JSON.stringify(line)}`, () => {
      throws(() => typedWords(Buffer.from(line)), ProtocolError);
    });

  for (const part of ['a ', ' ', '"a" ', "'", '"', '\\', '"\\', '\\"', "'\\", 'a', '\t\v'])
    it(`takes linear time for a long line of ${JSON.stringify(part)}`, () => {
      const line = Buffer.from(`"a" ${part.repeat(65_536 / part.length)}`);
      inLinearTime(() => {
        for (let round = 0; round < 20; round += 1)
          try {
            typedWords(line);
          } catch (error) {
            if (!(error instanceof ProtocolError)) throw error;
          }
      });
    });
});
