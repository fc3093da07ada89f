/** Tests what examples/downloads.ts does, however it is run. */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as assert from 'uvu/assert';
import type { Program } from './program.ts';

/** A web server that answers on request of the test. */
interface Site extends Disposable {
  url(name: string): string;
  /** Waits for a request, unless it has already arrived. */
  request(name: string): Promise<ServerResponse>;
  /** The unanswered requests whose client is still connected. */
  open(): number;
}

async function site(): Promise<Site> {
  const requests = new Map<string, ServerResponse>();
  const arrived = new Map<string, (response: ServerResponse) => void>();
  const server = createServer((request, response) => {
    const name = String(request.url).slice(1);
    if (name === 'other') return void response.end();
    requests.set(name, response);
    response.once('close', () => requests.delete(name));
    arrived.get(name)?.(response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: (name) => `http://127.0.0.1:${port}/${name}`,
    request: (name) =>
      new Promise((resolve) => {
        const there = requests.get(name);
        if (there !== undefined) resolve(there);
        else arrived.set(name, resolve);
      }),
    open: () => requests.size,
    [Symbol.dispose]: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

/**
 * Runs it twice: to its end, and until a SIGTERM.
 *
 * @param start - starts it with these arguments
 */
export async function seeDownloads(start: (urls: readonly string[]) => Program): Promise<void> {
  using web = await site();
  const named = (names: string[]): string[] => names.map((name) => web.url(name));

  {
    await using program = start(named(['a', 'b', 'never', 'wrong', 'c']));
    const [a, b] = [await web.request('a'), await web.request('b')];
    await web.request('never');
    // In this time, a fourth request would arrive.
    for (let n = 0; n < 3; n += 1) await fetch(web.url('other'));
    assert.is(web.open(), 3);
    a.end('hello');
    (await web.request('wrong')).writeHead(404).end();
    (await web.request('c')).end('hello, world');
    b.end('');

    assert.equal(await program.ends(40), { status: 0, signal: null }, program.stderr);
    assert.is(program.stderr, '');
    assert.equal(program.stdout.trimEnd().split('\n').sort(), [
      `${web.url('a')}: 5 characters`,
      `${web.url('b')}: 0 characters`,
      `${web.url('c')}: 12 characters`,
      `${web.url('never')}: TimeoutError`,
      `${web.url('wrong')}: Error: status 404`,
      'nothing is running any more',
    ]);
  }

  await using program = start(named(['d', 'e', 'f', 'g']));
  const begun = await Promise.all(['d', 'e', 'f'].map((name) => web.request(name)));
  const aborted = begun.map((each) => new Promise((resolve) => each.once('close', resolve)));
  program.signal('SIGTERM');

  assert.equal(await program.ends(40), { status: 143, signal: null }, program.stderr);
  await Promise.all(aborted);
  assert.is(web.open(), 0);
  assert.is(program.stdout, 'nothing is running any more\n');
}
