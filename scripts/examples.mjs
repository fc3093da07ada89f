// Compiles every example in a docstring as a program of its own, in which `asyncio` is the library.
// An example must declare everything else that it needs.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import { root } from './ready.mjs';

const EXAMPLE = /^([ \t]*) \* ```ts\n([\s\S]*?)^\1 \* ```$/gm;
/** The first line of each example; reported line numbers are reduced by one. */
const BEFORE = "import * as asyncio from 'asyncio-ts';";
/** Makes it a module, and uses the import. */
const AFTER = 'export { asyncio };';

const examples = new Map(sources().flatMap((file) => examplesOf(file)));
const problems = compile(examples);
for (const problem of problems) console.error(problem);
console.log(`${examples.size} examples`);
if (examples.size === 0) console.error('there must be some');
process.exitCode = problems.length === 0 && examples.size > 0 ? 0 : 1;

function sources() {
  return readdirSync(path.join(root, 'src'), { recursive: true })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => path.join('src', name));
}

/** The examples of a file: by the name that the compiler gets, their text and position. */
function examplesOf(file) {
  const text = readFileSync(path.join(root, file), 'utf8');
  return [...text.matchAll(EXAMPLE)].map(({ 2: body, index }) => {
    const line = text.slice(0, index).split('\n').length;
    const lines = body.split('\n').map((each) => each.replace(/^\s*\* ?/, ''));
    const name = path.join(root, `${file.slice(0, -'.ts'.length)}.example-${line}.ts`);
    return [name, { text: [BEFORE, ...lines, AFTER].join('\n'), file, line }];
  });
}

function compile(files) {
  const config = path.join(root, 'tsconfig.check.json');
  const { options } = ts.parseJsonConfigFileContent(
    ts.readConfigFile(config, ts.sys.readFile).config,
    ts.sys,
    root,
  );
  const relaxed = { ...options, noUnusedLocals: false, noUnusedParameters: false };
  const host = ts.createCompilerHost(relaxed);
  const { fileExists, readFile, getSourceFile } = host;
  host.fileExists = (name) => files.has(name) || fileExists(name);
  host.readFile = (name) => files.get(name)?.text ?? readFile(name);
  host.getSourceFile = (name, ...rest) =>
    files.has(name)
      ? ts.createSourceFile(name, files.get(name).text, ...rest)
      : getSourceFile(name, ...rest);
  const program = ts.createProgram([...files.keys()], relaxed, host);
  return [...files].flatMap(([name, { file, line }]) => {
    const source = program.getSourceFile(name);
    return [
      ...program.getSyntacticDiagnostics(source),
      ...program.getSemanticDiagnostics(source),
    ].map(({ start = 0, messageText }) => {
      const at = line + source.getLineAndCharacterOfPosition(start).line;
      return `${file}:${at}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
    });
  });
}
