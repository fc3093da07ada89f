import path from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import * as assert from 'uvu/assert';
import { behaviour } from '../support/behaviour.ts';

const FILE = fileURLToPath(new URL('refused/refused.ts', import.meta.url));

/** What the compiler says of a file: the line of code, and the message. */
function refusals(file: string): [line: string, message: string][] {
  const config = path.resolve('tsconfig.check.json');
  const { options } = ts.parseJsonConfigFileContent(
    ts.readConfigFile(config, ts.sys.readFile).config,
    ts.sys,
    path.dirname(config),
  );
  const program = ts.createProgram([file], options);
  const source = program.getSourceFile(file) as ts.SourceFile;
  const lines = source.text.split('\n');
  return program.getSemanticDiagnostics(source).map(({ start = 0, messageText }) => {
    const { line } = source.getLineAndCharacterOfPosition(start);
    return [lines[line] as string, ts.flattenDiagnosticMessageText(messageText, '\n')];
  });
}

const PROMISE =
  'this promise is already running: write createTask(() => f()), or make f a coroutine function with coroutine()';
const LIST = 'gather() takes awaitables one by one, not in a list: write gather(...list)';

behaviour('The compiler', (it) => {
  it('says what to write, of what is refused', () => {
    const expected: [line: string, message: string][] = [
      ['asyncio.createTask(f());', PROMISE],
      ['asyncio.createTask<number>(f());', PROMISE],
      ['await asyncio.taskGroup((group) => void group.createTask(f()));', PROMISE],
      ['asyncio.createTask(asyncio.gather(g()));', PROMISE],
      ['asyncio.createTask(new asyncio.Future<number>());', PROMISE],
      ['asyncio.createTask(asyncio.createTask(g()));', PROMISE],
      ['asyncio.gather([g(), g()]);', LIST],
      ['asyncio.gather([g(), g()], { returnExceptions: true });', LIST],
      ['asyncio.gather(g(), { returnException: true });', "'returnException' does not exist"],
      [
        "asyncio.startServer(() => {}, { host: '127.0.0.1', port: 0 });",
        "'host' does not exist in type",
      ],
    ];

    const said = refusals(FILE);

    assert.equal(
      said.map(([line]) => line),
      expected.map(([line]) => line),
    );
    for (const [nth, [line, message]] of expected.entries())
      assert.ok(said[nth]?.[1].includes(message), `of ${line} it says\n${said[nth]?.[1]}`);
  });
});
