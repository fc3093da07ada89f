import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

/** The programs of ours that are measured. */
const FOLDERS = ['servers', 'micro', 'memory'];

const bench = fileURLToPath(new URL('.', import.meta.url));
/** In the project, so that they find `asyncio-ts` there. */
const out = fileURLToPath(new URL('../dist-bench', import.meta.url));

const options: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.ESNext,
  verbatimModuleSyntax: true,
  rewriteRelativeImportExtensions: true,
};

let done = false;

/**
 * The JavaScript of a program in bench/. It is made beforehand: a compiler in the process would
 * leave so much in memory that every collection costs more.
 *
 * @param name - the path of its TypeScript in bench/
 */
export function transpiled(name: string): string {
  if (!done) for (const folder of FOLDERS) transpile(folder);
  done = true;
  return path.join(out, name.replace(/\.ts$/, '.js'));
}

function transpile(folder: string): void {
  mkdirSync(path.join(out, folder), { recursive: true });
  for (const file of readdirSync(path.join(bench, folder))) {
    if (!file.endsWith('.ts')) continue;
    const source = readFileSync(path.join(bench, folder, file), 'utf8');
    const { outputText } = ts.transpileModule(source, { compilerOptions: options });
    writeFileSync(path.join(out, folder, file.replace(/\.ts$/, '.js')), outputText);
  }
}
