import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import type * as TypeScript from 'typescript';
import { root } from '../../support/program.ts';

/** Not imported: Node would search the whole file for its exports. */
const ts = createRequire(import.meta.url)('typescript') as typeof TypeScript;

/** The parts of a declared type that make it awaitable. */
const AWAITABLE =
  /\b(?:Promise|PromiseLike|Coroutine|Future|Task|Operation|Completions|Submitted|Async\w+)\b/;

interface ClassShape {
  readonly base: string | undefined;
  readonly methods: readonly string[];
}

/**
 * The names of all exported functions, and of the methods of exported classes, whose declared result can be awaited:
 * `'sleep'`, `'Lock.acquire'`, `'StreamReader.[asyncIterator]'`. A method counts for the class of the doors that declares it, or inherits it from one
 * that is not exported.
 */
export function awaitableNames(doors: readonly string[]): string[] {
  const sources = path.join(root, 'src');
  const functions = new Map<string, boolean>();
  const classes = new Map<string, ClassShape>();
  for (const file of readdirSync(sources, { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.ts') || /^(?:cli|echo)/.test(file)) continue;
    for (const statement of parse(path.join(sources, file)).statements) {
      const name = (statement as { name?: TypeScript.Identifier }).name?.text;
      if (name === undefined || !isExported(statement)) continue;
      if (ts.isFunctionDeclaration(statement))
        functions.set(name, functions.get(name) || isAwaitable(statement));
      else if (ts.isClassDeclaration(statement)) classes.set(name, shapeOf(statement));
    }
  }
  const exported = new Set(doors.flatMap((door) => namesOf(path.join(sources, door))));
  const found: string[] = [];
  for (const name of exported) {
    if (functions.get(name)) found.push(name);
    const methods = new Set<string>();
    for (let shape = classes.get(name); shape !== undefined; ) {
      for (const method of shape.methods) methods.add(method);
      const { base = '' } = shape;
      shape = exported.has(base) ? undefined : classes.get(base);
    }
    found.push(...[...methods].map((method) => `${name}.${method}`));
  }
  return found.sort();
}

function parse(file: string): TypeScript.SourceFile {
  const options = {
    languageVersion: ts.ScriptTarget.Latest,
    jsDocParsingMode: ts.JSDocParsingMode.ParseNone,
  };
  return ts.createSourceFile(file, readFileSync(file, 'utf8'), options, true);
}

function isExported(statement: TypeScript.Statement): boolean {
  const modifiers = ts.canHaveModifiers(statement) ? ts.getModifiers(statement) : undefined;
  return modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) ?? false;
}

function isAwaitable(
  declared: TypeScript.FunctionDeclaration | TypeScript.MethodDeclaration,
): boolean {
  const { type } = declared;
  if (type === undefined || ts.isTypePredicateNode(type)) return false;
  return AWAITABLE.test(type.getText(declared.getSourceFile()));
}

function shapeOf(declared: TypeScript.ClassDeclaration): ClassShape {
  const clause = declared.heritageClauses?.find(
    ({ token }) => token === ts.SyntaxKind.ExtendsKeyword,
  );
  const [base] = clause?.types ?? [];
  return {
    base: base && ts.isIdentifier(base.expression) ? base.expression.text : undefined,
    methods: declared.members
      .filter((member) => ts.isMethodDeclaration(member))
      .filter((member) => isAwaitable(member))
      .map(({ name }) => name.getText().replace('Symbol.', ''))
      .filter((name) => !/^(?:[_#]|then$|catch$|finally$)/.test(name)),
  };
}

/** The exported names of an entry point. */
function namesOf(door: string): string[] {
  return parse(door).statements.flatMap((statement) => {
    if (!ts.isExportDeclaration(statement)) return [];
    const { exportClause: clause } = statement;
    if (clause === undefined || !ts.isNamedExports(clause)) return [];
    return clause.elements.map(({ name }) => name.text);
  });
}
