/** However the bytes of requests are cut, the same requests are read. */
import * as asyncio from 'asyncio-ts';
import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { HttpError } from '../../examples/http/http-error.ts';
import { readRequest } from '../../examples/http/request.ts';
import { behaviour } from '../support/behaviour.ts';

const LIMITS = { maxHeaders: 5, maxBody: 100 };
const MAX_HEAD = 200;
/** Takes what the client is told before its body is read. */
const writer = { write: () => {} } as unknown as asyncio.StreamWriter;

/** All that is read of pieces that come one a turn: a line for each request, and how it ends. */
function readAll(pieces: readonly string[]): Promise<string[]> {
  return asyncio.run(async () => {
    const reader = new asyncio.StreamReader({ limit: MAX_HEAD });
    const feeding = asyncio.createTask(async () => {
      for (const piece of pieces) {
        reader.feedData(Buffer.from(piece, 'latin1'));
        await asyncio.sleep(0);
      }
      reader.feedEof();
    });
    const read: string[] = [];
    try {
      while (true) {
        const request = await readRequest(reader, writer, { ...LIMITS, maxHead: MAX_HEAD });
        if (request === undefined) break;
        const { method, path, query, minor, headers, body, keepAlive } = request;
        const names = [...headers].map((header) => header.join('=')).join(' ');
        const text = String(await body.bytes());
        read.push(`${method} ${path}?${query} 1.${minor} [${names}] ${text} ${keepAlive}`);
      }
      read.push('end');
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      read.push(`${error.status} ${error.message}`);
    }
    feeding.cancel();
    return read;
  });
}

/** The one request that a text is. */
async function readOne(text: string): Promise<string | undefined> {
  const [first] = await readAll([text]);
  return first;
}

const request = (line: string, ...headers: string[]): string =>
  `${[line, 'Host: x', ...headers].join('\r\n')}\r\n\r\n`;

const SEVERAL = [
  '\r\n',
  request('GET /one?a=b HTTP/1.1'),
  request('POST /two HTTP/1.1', 'Content-Length: 5'),
  'hello',
  request('POST /three HTTP/1.1', 'Transfer-Encoding: chunked', 'X-Y:  a b '),
  '3\r\nabc\r\nA;x=y\r\n0123\r\n6789\r\n0\r\nTrailer: z\r\n\r\n',
  'GET http://host/four HTTP/1.0\r\nConnection: keep-alive\r\n\r\n',
  request('OPTIONS * HTTP/1.1', 'Connection: close'),
].join('');

behaviour('readRequest', (it) => {
  it('reads heads and bodies one after the other, until the client ends', async () => {
    assert.equal(await readAll([SEVERAL]), [
      'GET /one?a=b 1.1 [host=x]  true',
      'POST /two? 1.1 [host=x content-length=5] hello true',
      'POST /three? 1.1 [host=x transfer-encoding=chunked x-y=a b] abc0123\r\n6789 true',
      'GET /four? 1.0 [connection=keep-alive host=host]  true',
      'OPTIONS *? 1.1 [host=x connection=close]  false',
      'end',
    ]);
  });

  it('reads the same wherever the bytes are cut in two, and byte by byte', async () => {
    const whole = await readAll([SEVERAL]);

    for (let at = 1; at < SEVERAL.length; at += 1)
      assert.equal(await readAll([SEVERAL.slice(0, at), SEVERAL.slice(at)]), whole, `cut at ${at}`);
    assert.equal(await readAll([...SEVERAL]), whole);
  });

  it(
    'reads or refuses anything alike, however it is cut',
    async () => {
      const part = fc.constantFrom(
        ...['GET /a HTTP/1.1\r\n', 'POST / HTTP/1.0\r\n', 'Host: x\r\n', 'Content-Length: 3\r\n'],
        ...[
          'Transfer-Encoding: chunked\r\n',
          '\r\n',
          '\n',
          '\r',
          'abc',
          '3\r\n',
          '0\r\n\r\n',
          ' : ',
        ],
        ...['X: y\r\n', 'x'.repeat(90), 'Connection: close\r\n', '\x00', '\xff'],
      );
      const places = fc.array(fc.nat(400), { maxLength: 8 });
      await fc.assert(
        fc.asyncProperty(fc.array(part, { maxLength: 14 }), places, async (parts, at) => {
          const text = parts.join('');
          const ends = [...at.map((place) => place % (text.length + 1)), text.length].sort(
            (a, b) => a - b,
          );
          const pieces = ends.map((end, index) => text.slice(ends[index - 1] ?? 0, end));
          const kept = ([first]: string[]): string | undefined =>
            first?.replace(/^4(31|14) .*/, 'too large');

          // Of what is too large, how much has come decides what is said first.
          const [together, apart] = [await readAll([text]), await readAll(pieces)];
          for (let index = 0; index < together.length; index += 1)
            assert.equal(kept([apart[index] ?? '']), kept([together[index] ?? '']));
        }),
        { numRuns: 300 },
      );
    },
    { seconds: 20 },
  );

  it('says that the client has ended, also after empty lines', async () => {
    assert.equal(await readAll([]), ['end']);
    assert.equal(await readAll(['\r\n\r\n\r\n']), ['end']);
  });

  for (const [what, text, answer] of [
    ['half a head', 'GET / HTTP/1.1\r\nHost', '400 incomplete head'],
    ['no method', request(' / HTTP/1.1'), '400 malformed request line'],
    ['two spaces', request('GET  / HTTP/1.1'), '400 malformed request line'],
    ['another protocol', request('GET / RTSP/1.1'), '400 malformed request line'],
    ['a target beyond ASCII', request('GET /\xe4 HTTP/1.1'), '400 malformed request line'],
    ['lines without carriage returns', 'GET / HTTP/1.1\nHost: x\n\n', '400 malformed request line'],
    [
      'a header that ends by itself',
      request('GET / HTTP/1.1', 'A: b\nC: d'),
      '400 malformed header',
    ],
    ['a head that ends by a newline', 'GET / HTTP/1.1\r\nHost: x\n\r\n', '400 malformed line end'],
    ['HTTP/2', request('PRI * HTTP/2.0'), '505 only HTTP/1.0 and HTTP/1.1 are supported'],
    ['a space before the colon', request('GET / HTTP/1.1', 'A : b'), '400 malformed header'],
    ['a folded header', request('GET / HTTP/1.1', 'A: b', ' c'), '400 malformed header'],
    ['a NUL in a header', request('GET / HTTP/1.1', 'A: \x00'), '400 malformed header'],
    ['no Host', 'GET / HTTP/1.1\r\n\r\n', '400 no Host'],
    ['two Hosts', request('GET / HTTP/1.1', 'Host: y'), '400 more than one Host'],
    ['a target that is no path', request('GET x HTTP/1.1'), '400 malformed target'],
    ['a proxy’s work', request('CONNECT x:1 HTTP/1.1'), '501 not a proxy'],
    ['a target that is too long', `GET /${'x'.repeat(300)} HTTP/1.1`, '414 target too long'],
    [
      'a header that is too long',
      request('GET / HTTP/1.1', `A: ${'x'.repeat(300)}`),
      '431 head too large',
    ],
    [
      'too many headers',
      request('GET / HTTP/1.1', ...'ABCDEF'.split('').map((a) => `${a}: b`)),
      '431 too many headers',
    ],
    [
      'a length that is none',
      request('POST / HTTP/1.1', 'Content-Length: +3'),
      '400 malformed Content-Length',
    ],
    [
      'two lengths',
      request('POST / HTTP/1.1', 'Content-Length: 3', 'Content-Length: 4'),
      '400 malformed Content-Length',
    ],
    [
      'a length beside chunks',
      request('POST / HTTP/1.1', 'Content-Length: 3', 'Transfer-Encoding: chunked'),
      '400 both Content-Length and Transfer-Encoding',
    ],
    [
      'chunks in HTTP/1.0',
      request('POST / HTTP/1.0', 'Transfer-Encoding: chunked'),
      '400 Transfer-Encoding in HTTP/1.0',
    ],
    [
      'another coding',
      request('POST / HTTP/1.1', 'Transfer-Encoding: gzip, chunked'),
      '501 only the transfer coding chunked is supported',
    ],
    [
      'a body that is too long',
      request('POST / HTTP/1.1', 'Content-Length: 101'),
      '413 body longer than 100 bytes',
    ],
    [
      'an expectation',
      request('POST / HTTP/1.1', 'Expect: wonders'),
      '417 only 100-continue can be expected',
    ],
    [
      'half a body',
      `${request('POST / HTTP/1.1', 'Content-Length: 9')}half`,
      '400 incomplete body',
    ],
  ] as const)
    it(`refuses ${what}`, async () => assert.is(await readOne(text), answer));

  for (const [what, text, answer] of [
    ['no size', 'x\r\n', '400 malformed chunk size'],
    ['a negative size', '-1\r\n', '400 malformed chunk size'],
    ['half a size', '1', '400 incomplete body'],
    ['half a chunk', '5\r\nabc', '400 incomplete body'],
    [
      'a chunk that is longer than it says',
      '2\r\nabc\r\n0\r\n\r\n',
      '400 chunk longer than its size',
    ],
    ['a size that is too long', '1'.repeat(300), '400 line too long in a body of chunks'],
    [
      'chunks that are too long together',
      `33\r\n${'x'.repeat(51)}\r\n33\r\n`,
      '413 body longer than 100 bytes',
    ],
    ['no end', '1\r\na\r\n', '400 incomplete body'],
  ] as const)
    it(`refuses a body of chunks with ${what}`, async () => {
      const head = request('POST / HTTP/1.1', 'Transfer-Encoding: chunked');

      assert.is(await readOne(head + text), answer);
    });
});
