import * as assert from 'uvu/assert';
import {
  CancelledError,
  createTask,
  IncompleteReadError,
  LimitOverrunError,
  type Loop,
  type Operation,
  RuntimeError,
  StreamReader,
  setEventLoop,
  sleep,
} from '../../src/index.ts';
import { type LoopIt, loopBehaviour } from '../support/loop-behaviour.ts';
import { rejects } from '../support/rejects.ts';
import { throws } from '../support/throws.ts';

const bytes = (text: string): Buffer => Buffer.from(text);
const LINES = 'line1\nline2\nline3\n';

/** Declares a test that takes up tests of CPython's `StreamTests`. */
const port =
  (it: LoopIt) =>
  (sentence: string, scenario: (loop: Loop) => Promise<unknown>, ...names: string[]): void =>
    it(sentence, scenario, {
      cpython: names.map((name) => `test_streams.py::StreamTests::${name}`),
    });

/** A reader that was fed. */
function fed(text: string, options: { limit?: number; eof?: boolean } = {}): StreamReader {
  const { limit, eof = false } = options;
  const reader = new StreamReader({ limit });
  reader.feedData(bytes(text));
  if (eof) reader.feedEof();
  return reader;
}

async function reads(read: Operation<Uint8Array>, expected: string): Promise<void> {
  assert.is(String(await read), expected);
}

/** All that is left. */
async function rest(reader: StreamReader): Promise<string> {
  if (!reader.atEof()) reader.feedEof();
  return String(await reader.read());
}

/** A transport that notes its calls. */
function transport() {
  const calls: string[] = [];
  return {
    calls,
    pauseReading: () => void calls.push('pause'),
    resumeReading: () => void calls.push('resume'),
    toString: () => '<transport>',
  };
}

loopBehaviour('StreamReader.read', (it) => {
  const test = port(it);

  test(
    'returns what is available, and at most what was requested',
    async () => {
      const reader = fed('hello world');

      await reads(reader.read(5), 'hello');
      await reads(reader.read(100), ' world');
      await reads(reader.read(0), '');
    },
    'test_read_zero',
    'test_feed_nonempty_data',
  );

  test(
    'waits for the first byte',
    async () => {
      const reader = new StreamReader();
      const reading = reader.read(30);

      reader.feedData(new Uint8Array());
      await sleep(0);
      assert.is(reading.done(), false);
      reader.feedData(bytes('hello'));

      await reads(reading, 'hello');
    },
    'test_read',
    'test_feed_empty_data',
  );

  test(
    'ignores line breaks',
    async () => {
      const reader = fed('line1\nline2');

      await reads(reader.read(8), 'line1\nli');
      await reads(reader.read(3), 'ne2');
    },
    'test_read_line_breaks',
  );

  test(
    'returns nothing at the end',
    async () => {
      const reader = new StreamReader();
      const reading = reader.read(1024);

      reader.feedEof();

      await reads(reading, '');
      await reads(reader.read(1), '');
    },
    'test_read_eof',
  );

  test(
    'returns everything until the end if no number is given',
    async () => {
      const reader = new StreamReader({ limit: 4 });
      const reading = reader.read();
      for (const piece of ['chunk1\n', 'chunk2']) {
        reader.feedData(bytes(piece));
        await sleep(0);
      }
      assert.is(reading.done(), false);

      reader.feedEof();

      await reads(reading, 'chunk1\nchunk2');
    },
    'test_read_until_eof',
    'test_read_limit',
  );

  test(
    'fails with what broke the stream, also while there are bytes',
    async () => {
      const reader = fed('line\n');
      const broken = new RangeError('odd');
      await reads(reader.read(2), 'li');

      reader.setException(broken);

      assert.is(await rejects(reader.read(2), RangeError), broken);
      assert.is(reader.exception(), broken);
    },
    'test_read_exception',
    'test_exception',
  );

  test(
    'fails while it waits',
    async () => {
      const reader = new StreamReader();
      const reading = reader.read(1);

      reader.setException(new RangeError('odd'));

      await rejects(reading, RangeError);
    },
    'test_exception_waiter',
  );

  test(
    'consumes nothing when it is cancelled, at any time',
    async () => {
      const reader = new StreamReader();
      const first = createTask(reader.read(10));
      await sleep(0);
      reader.feedData(bytes('hello'));

      first.cancel();
      await rejects(first, CancelledError);

      await reads(reader.read(10), 'hello');
      reader.setException(new RangeError('odd'));
      await sleep(0);
    },
    'test_exception_cancel',
  );

  it('returns bytes in the turn in which it takes them', async (loop) => {
    const reader = new StreamReader();
    const given: string[] = [];
    const task = createTask(async () => {
      given.push(String(await reader.read(10)));
      await sleep(1);
    });
    await sleep(0);

    reader.feedData(bytes('hello'));
    loop.callSoon(() => task.cancel());
    await rejects(task, CancelledError);

    assert.equal(given, ['hello']);
  });

  it('refuses a second read while one waits', async () => {
    const reader = new StreamReader();
    const first = reader.readline();
    const message = (name: string): string =>
      `${name}() called while another coroutine is already waiting for incoming data`;

    throws(() => reader.readline(), RuntimeError, { message: message('readuntil') });
    throws(() => reader.read(1), RuntimeError, { message: message('read') });
    throws(() => reader.readexactly(1), RuntimeError, { message: message('readexactly') });

    reader.feedData(bytes('line\n'));
    await reads(first, 'line\n');
  });

  it('refuses anything but a number', async () => {
    const reader = new StreamReader();
    throws(() => reader.read('1' as never), TypeError, {
      message: "n must be an integer, got '1'",
    });
    throws(() => reader.readexactly(1.5), TypeError);
  });
});

loopBehaviour('StreamReader.readline', (it) => {
  const test = port(it);

  test(
    'returns one line at a time, with its newline',
    async () => {
      const reader = fed('chunk1 ');
      const reading = reader.readline();
      for (const piece of ['chunk2 ', 'chunk3 ', '\n chunk4']) reader.feedData(bytes(piece));

      await reads(reading, 'chunk1 chunk2 chunk3 \n');
      assert.is(await rest(reader), ' chunk4');
    },
    'test_readline',
  );

  test(
    'returns available lines immediately, and leaves the rest',
    async () => {
      const reader = fed('line1\nline2\nline3');
      await reads(reader.readline(), 'line1\n');
      await reads(reader.readline(), 'line2\n');
      reader.feedEof();
      await reads(reader.readline(), 'line3');
      await reads(reader.readline(), '');
    },
    'test_readline_nolimit_nowait',
    'test_readline_eof',
    'test_readline_empty_eof',
  );

  test(
    'drops a line that is too long, completely if its end has arrived',
    async () => {
      const reader = fed('li', { limit: 3 });
      reader.feedData(bytes('ne1\nline2\n'));

      await rejects(reader.readline(), RangeError, {
        message: 'Separator is found, but chunk is longer than limit',
      });

      assert.is(await rest(reader), 'line2\n');
    },
    'test_readline_limit_with_existing_data',
  );

  test(
    'drops everything that has arrived of a line that is too long',
    async () => {
      const reader = new StreamReader({ limit: 7 });
      const reading = reader.readline();
      reader.feedData(bytes('chunk1'));
      reader.feedData(bytes('chunk2'));

      await rejects(reading, RangeError, {
        message: 'Separator is not found, and chunk exceed the limit',
      });
      reader.feedData(bytes('chunk3\n'));

      await reads(reader.readline(), 'chunk3\n');
    },
    'test_readline_limit',
  );

  test(
    'can be mixed with reads of other kinds',
    async () => {
      const reader = fed(LINES);

      await reads(reader.readline(), 'line1\n');
      await reads(reader.read(7), 'line2\nl');
      assert.is(await rest(reader), 'ine3\n');
    },
    'test_readline_read_byte_count',
  );

  test(
    'fails with what broke the stream',
    async () => {
      const reader = fed('line\n');
      await reads(reader.readline(), 'line\n');

      reader.setException(new RangeError('odd'));

      await rejects(reader.readline(), RangeError, { message: 'odd' });
    },
    'test_readline_exception',
  );

  it(
    'is used by async iteration, until the end',
    async () => {
      const reader = fed(LINES, { eof: true });
      const lines: string[] = [];

      for await (const line of reader) lines.push(String(line));

      assert.equal(lines, ['line1\n', 'line2\n', 'line3\n']);
    },
    { cpython: ['test_pep492.py::StreamReaderTests::test_readline'] },
  );
});

loopBehaviour('StreamReader.readuntil', (it) => {
  const test = port(it);

  test(
    'refuses a separator that is empty, missing, or not bytes',
    async () => {
      const reader = new StreamReader();

      throws(() => reader.readuntil(bytes('')), RangeError, {
        message: 'Separator should be at least one-byte string',
      });
      throws(() => reader.readuntil([bytes('a'), bytes('')]), RangeError);
      throws(() => reader.readuntil([]), RangeError, {
        message: 'Separator should contain at least one element',
      });
      throws(() => reader.readuntil(5 as never), TypeError, {
        message: 'separator must be a Uint8Array or a string, or an array of these, got 5',
      });
      throws(() => reader.readuntil(''), RangeError);
      throws(() => reader.readuntil(['a', 5 as never]), TypeError);
    },
    'test_readuntil_separator',
  );

  it('accepts strings, as UTF-8', async () => {
    const reader = new StreamReader();
    reader.feedData(Buffer.from('one€two;three\nfour'));

    assert.is(String(await reader.readuntil('€')), 'one€');
    assert.is(String(await reader.readuntil(['\n', ';'])), 'two;');
    assert.is(String(await reader.readuntil([Buffer.from('\n'), ';'])), 'three\n');
  });

  test(
    'finds a separator that arrives in pieces',
    async () => {
      const reader = new StreamReader();
      const reading = reader.readuntil(bytes('SEP'));
      for (const piece of ['QWERTYS', 'E', 'P', 'more']) {
        reader.feedData(bytes(piece));
        await sleep(0);
      }

      await reads(reading, 'QWERTYSEP');
      assert.is(await rest(reader), 'more');
    },
    'test_readuntil_multi_chunks',
    'test_readuntil_multi_chunks_1',
  );

  test(
    'tells what there was when the stream ends before',
    async () => {
      const reader = fed('some dataSE', { eof: true });

      const error = await rejects(reader.readuntil(bytes('SEP')), IncompleteReadError, {
        message: '11 bytes read on a total of undefined expected bytes',
      });

      assert.is(String(error.partial), 'some dataSE');
      assert.is(error.expected, undefined);
      assert.is(reader.atEof(), true);
    },
    'test_readuntil_eof',
  );

  test(
    'leaves what is longer than the limit',
    async () => {
      const reader = fed('some dataAA', { limit: 3 });
      const tooLong = { message: 'Separator is not found, and chunk exceed the limit' };
      const found = { message: 'Separator is found, but chunk is longer than limit' };

      const error = await rejects(reader.readuntil(bytes('AAA')), LimitOverrunError, tooLong);
      assert.is(error.consumed, 9);
      reader.feedData(bytes('A'));
      const other = await rejects(reader.readuntil(bytes('AAA')), LimitOverrunError, found);

      assert.is(other.consumed, 9);
      assert.is(await rest(reader), 'some dataAAA');
    },
    'test_readuntil_limit_found_sep',
  );

  test(
    'accepts a separator of any bytes',
    async () => {
      const reader = fed('some data\r\n');

      await reads(reader.readuntil(Uint8Array.of(13, 10)), 'some data\r\n');
      assert.is(await rest(reader), '');
    },
    'test_readuntil_bytearray',
  );

  test(
    'ends at the separator that ends first, even if it is the longer one',
    async () => {
      const lines = fed('line 1\nline 2\r');
      await reads(lines.readuntil([bytes('\r'), bytes('\n')]), 'line 1\n');
      await reads(lines.readuntil([bytes('\r'), bytes('\n')]), 'line 2\r');

      const letters = fed('ABCDEFG');
      await reads(letters.readuntil([bytes('DEF'), bytes('BCDE')]), 'ABCDE');

      assert.is(await rest(letters), 'FG');
    },
    'test_readuntil_multi_separator',
  );

  test(
    'leaves what is longer than the limit with each of several separators',
    async () => {
      const reader = fed('some dataA', { limit: 3 });

      await rejects(reader.readuntil([bytes('A'), bytes('ome dataA')]), LimitOverrunError, {
        message: /is found/,
      });

      assert.is(await rest(reader), 'some dataA');
    },
    'test_readuntil_multi_separator_limit',
  );

  test(
    'waits if the longest separator is longer than what has arrived',
    async (loop) => {
      const reader = fed('data');

      const reading = reader.readuntil([bytes('A'), bytes('long sep')]);
      loop.callSoon(() => reader.feedData(bytes('Z')));
      loop.callSoon(() => reader.feedData(bytes('Aaaa')));

      await reads(reading, 'dataZA');
      assert.is(await rest(reader), 'aaa');
    },
    'test_readuntil_multi_separator_negative_offset',
  );

  it('finds the one of several separators that ends first', async () => {
    const reader = fed('a\r\nb\nc;d');
    const ends = [bytes('\r\n'), bytes('\n'), bytes(';')];

    await reads(reader.readuntil(ends), 'a\r\n');
    await reads(reader.readuntil(ends), 'b\n');
    await reads(reader.readuntil(ends), 'c;');
    await rejects(fed('abc', { eof: true }).readuntil(ends), IncompleteReadError);
  });
});

loopBehaviour('StreamReader.readexactly', (it) => {
  const test = port(it);

  test(
    'returns nothing for 0, and refuses a negative number',
    async () => {
      const reader = fed('data');

      await reads(reader.readexactly(0), '');
      throws(() => reader.readexactly(-1), RangeError, {
        message: 'readexactly size can not be less than zero',
      });
      assert.is(await rest(reader), 'data');
    },
    'test_readexactly_zero_or_less',
  );

  test(
    'waits until everything has arrived, whatever the limit',
    async () => {
      const reader = new StreamReader({ limit: 3 });
      const reading = reader.readexactly(12);
      for (const piece of ['chunk1', 'chunk2', 'chunk3']) {
        reader.feedData(bytes(piece));
        await sleep(0);
      }

      await reads(reading, 'chunk1chunk2');
      assert.is(await rest(reader), 'chunk3');
    },
    'test_readexactly',
    'test_readexactly_limit',
  );

  test(
    'tells what there was when the stream ends before',
    async () => {
      const reader = new StreamReader();
      const reading = reader.readexactly(5);
      reader.feedData(bytes('abc'));
      reader.feedEof();

      const error = await rejects(reading, IncompleteReadError, {
        message: '3 bytes read on a total of 5 expected bytes',
      });

      assert.is(String(error.partial), 'abc');
      assert.is(error.expected, 5);
      await reads(reader.read(), '');
    },
    'test_readexactly_eof',
  );

  test(
    'fails with what broke the stream',
    async () => {
      const reader = fed('line\n');
      await reads(reader.readexactly(2), 'li');

      reader.setException(new RangeError('odd'));

      await rejects(reader.readexactly(2), RangeError);
    },
    'test_readexactly_exception',
  );
});

loopBehaviour('StreamReader.peek', (it) => {
  it('returns available bytes without consuming them', async () => {
    const reader = fed('hello');

    await reads(reader.peek(), 'hello');
    await reads(reader.peek(2), 'he');
    await reads(reader.readexactly(2), 'he');
    await reads(reader.peek(0), '');
    await reads(reader.peek(), 'llo');
    assert.is(await rest(reader), 'llo');
  });

  it('returns a copy', async () => {
    const reader = fed('hello');

    (await reader.peek()).fill(0);

    assert.is(await rest(reader), 'hello');
  });

  it('waits for n bytes, or for the end', async () => {
    const reader = fed('ab');
    const peeking = reader.peek(4);
    await sleep(0);
    assert.not(peeking.done());
    reader.feedData(bytes('cdef'));
    await reads(peeking, 'abcd');

    const longer = reader.peek(10);
    await sleep(0);
    reader.feedEof();
    await reads(longer, 'abcdef');
    assert.not(reader.atEof());
    assert.is(await rest(reader), 'abcdef');
    await reads(reader.peek(), '');
    assert.ok(reader.atEof());
  });

  it('consumes nothing when it is cancelled, and refuses other reads while it waits', async () => {
    const reader = new StreamReader();
    const peeking = createTask(reader.peek());
    await sleep(0);
    throws(() => reader.read(), RuntimeError, { message: /^read\(\)/ });
    peeking.cancel();
    await rejects(peeking, CancelledError);

    reader.feedData(bytes('x'));
    assert.is(await rest(reader), 'x');
  });

  it('continues past the limit, which has paused the transport', async () => {
    const reader = new StreamReader({ limit: 2 });
    const paused = transport();
    reader.setTransport(paused);
    reader.feedData(bytes('123456'));
    const peeking = reader.peek(8);
    await sleep(0);
    reader.feedData(bytes('78'));

    await reads(peeking, '12345678');
    assert.equal(paused.calls.slice(0, 2), ['pause', 'resume']);
  });

  it('throws the error of the stream, and refuses wrong counts', async () => {
    const reader = new StreamReader();
    throws(() => reader.peek(-1), RangeError, { message: 'peek size can not be less than zero' });
    throws(() => reader.peek(1.5), TypeError);
    reader.setException(new RangeError('broken'));

    await rejects(
      Promise.resolve().then(() => reader.peek()),
      RangeError,
      { message: 'broken' },
    );
  });
});

loopBehaviour('StreamReader', (it) => {
  const test = port(it);

  test(
    'refuses a limit that is not positive',
    async () => {
      for (const limit of [0, -1])
        throws(() => new StreamReader({ limit }), RangeError, { message: 'Limit cannot be <= 0' });
    },
    'test_invalid_limit',
  );

  test(
    'is at its end when everything was read and nothing more can arrive',
    async () => {
      const reader = fed('some data\n');
      assert.is(reader.atEof(), false);
      await reader.readline();
      assert.is(reader.atEof(), false);

      reader.feedData(bytes('more'));
      reader.feedEof();
      assert.is(reader.atEof(), false);
      await reader.readline();

      assert.is(reader.atEof(), true);
      throws(() => reader.feedData(bytes('x')), RuntimeError, {
        message: 'feedData after feedEof',
      });
    },
    'test_at_eof',
  );

  it('pauses its transport above twice the limit, and resumes it at the limit', async () => {
    const reader = new StreamReader({ limit: 4 });
    const held = transport();
    reader.setTransport(held);
    throws(() => reader.setTransport(held), RuntimeError, { message: 'Transport already set' });
    reader.feedData(bytes('12345678'));
    assert.equal(held.calls, []);

    reader.feedData(bytes('9'));
    reader.feedData(bytes('0'));
    assert.equal(held.calls, ['pause']);
    await reader.read(5);
    assert.equal(held.calls, ['pause']);
    await reader.read(1);

    assert.equal(held.calls, ['pause', 'resume']);
  });

  it('resumes its transport for a read that wants more than the limit', async () => {
    const reader = new StreamReader({ limit: 2 });
    const held = transport();
    reader.setTransport(held);
    reader.feedData(bytes('12345'));
    const reading = reader.readexactly(10);
    assert.equal(held.calls, ['pause', 'resume']);

    reader.feedData(bytes('67890'));

    await reads(reading, '1234567890');
    assert.equal(held.calls, ['pause', 'resume', 'pause', 'resume']);
  });

  test(
    'prints as in CPython',
    async () => {
      const reader = new StreamReader();
      assert.is(String(reader), '<StreamReader>');
      assert.is(String(new StreamReader({ limit: 123 })), '<StreamReader limit=123>');
      reader.setTransport(transport());
      const reading = reader.read(1);
      assert.is(String(reader), '<StreamReader waiter=<Future pending> transport=<transport>>');
      reader.feedData(bytes('data!'));
      await reading;
      reader.feedEof();
      assert.is(String(reader), '<StreamReader 4 bytes eof transport=<transport>>');
      reader.setException(new RangeError('odd'));
      assert.is(
        String(reader),
        "<StreamReader 4 bytes eof exception=RangeError('odd') transport=<transport>>",
      );
    },
    'test___repr__',
    'test___repr__nondefault_limit',
    'test___repr__eof',
    'test___repr__data',
    'test___repr__exception',
    'test___repr__waiter',
    'test___repr__transport',
  );

  it.resting(
    'waits on the given loop, or the current one',
    async (loop) => {
      throws(() => new StreamReader(), RuntimeError);
      const readers = [new StreamReader({ loop })];
      setEventLoop(loop);
      readers.push(new StreamReader());
      setEventLoop(undefined);
      await loop.runUntilComplete(async () => void readers.push(new StreamReader()));

      for (const reader of readers) {
        loop.callSoon(() => reader.feedData(bytes('data')));
        assert.is(String(await loop.runUntilComplete(async () => await reader.read(4))), 'data');
      }
    },
    {
      cpython: [
        'test_streams.py::StreamTests::test_streamreader_constructor_without_loop',
        'test_streams.py::StreamTests::test_streamreader_constructor_use_running_loop',
        'test_streams.py::StreamTests::test_streamreader_constructor_use_global_loop',
      ],
    },
  );
});
