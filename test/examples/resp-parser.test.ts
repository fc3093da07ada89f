/** However the bytes of commands are cut, the same commands are found. */
import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { CommandParser, ProtocolError } from '../../examples/resp/parser.ts';
import { behaviour } from '../support/behaviour.ts';

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
      .string({ unit: 'binary', maxLength: 20 })
      .map((text) => Buffer.from(text).toString('latin1'));
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
    ['a quote that does not end', 'GET "x\r\n', 'unbalanced quotes in request'],
    ['a quote that ends within a word', 'GET "x"y\r\n', 'unbalanced quotes in request'],
  ] as const)
    it(`refuses ${what}`, () => assert.equal(parsed([text]), [message]));
});
