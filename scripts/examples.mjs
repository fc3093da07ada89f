// Compiles every example in a docstring, in docs/tutorial, docs/guides and site/index.md as a program of its own, in which
// `asyncio` is the library. An example must declare everything else that it needs. On a page, a comment before
// it may do so: <!-- given: declare const url: string; -->
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import { root } from './ready.mjs';

const EXAMPLE = /^([ \t]*) \* ```ts\n([\s\S]*?)^\1 \* ```$/gm;
/** A block of code on a page, and the comment before it: given declarations, or the name of a file. */
const BLOCK = /^(?:<!-- (?:given: (.*)|(\S+)) -->\n)?```ts\n([\s\S]*?)^```$/gm;
/** The first line of each example; reported line numbers are reduced by one. */
const BEFORE = "import * as asyncio from 'asyncio-ts';";
/** Makes it a module, and uses the import. */
const AFTER = 'export { asyncio };';

const examples = new Map([
  ...filesOf('src', '.ts').flatMap((file) => examplesOf(file)),
  ...['docs/tutorial', 'docs/guides'].flatMap((folder) => filesOf(folder, '.md').flatMap(blocksOf)),
  ...blocksOf('site/index.md'),
]);
const problems = compile(examples);
for (const problem of problems) console.error(problem);
console.log(`${examples.size} examples`);
if (examples.size === 0) console.error('there must be some');
process.exitCode = problems.length === 0 && examples.size > 0 ? 0 : 1;

function filesOf(folder, extension) {
  return readdirSync(path.join(root, folder), { recursive: true })
    .filter((name) => name.endsWith(extension))
    .map((name) => path.join(folder, name));
}

/** The blocks of code of a page that are not copies of files. */
function blocksOf(file) {
  const text = readFileSync(path.join(root, file), 'utf8');
  return [...text.matchAll(BLOCK)]
    .filter(([, , name]) => name === undefined)
    .map(({ 0: block, 1: given = '', 3: body, index }) => {
      const line = text.slice(0, index + block.indexOf('```ts')).split('\n').length;
      const name = path.join(root, `${file}.example-${line}.ts`);
      return [name, { text: [`${BEFORE} ${given}`, body, AFTER].join('\n'), file, line }];
    });
}

/** The examples of a file, by the file name for the compiler, with their text and position. */
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
