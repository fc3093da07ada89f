import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** A program on this machine. */
export interface Program {
  readonly executable: string;
  /** With its name, as in `CPython 3.11.7`. */
  readonly version: string;
}

/** Why it is not available. */
export interface Missing {
  readonly missing: string;
}

/** Where python3 may be; uvloop is often installed only for the system's own. */
const PYTHONS = process.env['PYTHON']
  ? [process.env['PYTHON']]
  : ['python3', '/usr/bin/python3', 'python'];

/** Prints the path of the interpreter itself, because the one in PATH may be a script that starts it. */
const ASK_PYTHON = `import sys, platform
print(sys.executable, platform.python_implementation(), platform.python_version())`;

const ASK_UVLOOP = `import sys, uvloop
print(sys.executable, 'uvloop', uvloop.__version__)`;

/** A python3 that can import uvloop. */
export const findUvloop: () => Program | Missing = once(() =>
  askPythons(PYTHONS, ASK_UVLOOP, 'no python3 that can import uvloop'),
);

/**
 * The python3 for the comparison: the one that has uvloop, if any, so that both differ only in
 * the loop, because compiler options of the interpreter can matter more.
 */
export const findPython: () => Program | Missing = once(() => {
  const uvloop = findUvloop();
  const among = 'missing' in uvloop ? PYTHONS : [uvloop.executable];
  return askPythons(among, ASK_PYTHON, 'no python3');
});

/** The path in the environment variable BUN, or `bun` in PATH. */
export const findBun: () => Program | Missing = once(() => {
  const executable = process.env['BUN'] || 'bun';
  const { status, stdout } = ask(executable, ['--version']);
  if (status === 0) return { executable, version: `Bun ${stdout.trim()}` };
  return { missing: 'no bun in the PATH, nor where the environment variable BUN says' };
});

/** A C program, compiled into a temporary directory that is removed when this process ends. */
export function compiled(source: string): Program | Missing {
  if (process.platform !== 'linux') return { missing: 'epoll is Linux only' };
  const compiler = findCompiler();
  if ('missing' in compiler) return compiler;
  const folder = mkdtempSync(path.join(tmpdir(), 'asyncio-ts-bench-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const executable = path.join(folder, path.basename(source, '.c'));
  const { status, stderr } = ask(compiler.executable, ['-O2', '-o', executable, source]);
  if (status === 0) return { executable, version: compiler.version };
  return { missing: `${compiler.executable} failed: ${stderr.split('\n')[0]}` };
}

const findCompiler: () => Program | Missing = once(() => {
  for (const executable of ['cc', 'gcc', 'clang']) {
    const { status, stdout } = ask(executable, ['-dumpfullversion', '-dumpversion']);
    if (status === 0) return { executable, version: `${executable} ${stdout.trim()}` };
  }
  return { missing: 'no C compiler' };
});

/** What is compared, with versions. */
export function versions(): string[] {
  const others = [findPython(), findUvloop(), findBun(), findCompiler()];
  return [
    `Node ${process.versions.node}`,
    ...others.flatMap((program) => ('missing' in program ? [] : [program.version])),
  ];
}

function askPythons(
  names: readonly string[],
  question: string,
  missing: string,
): Program | Missing {
  for (const name of names) {
    const { status, stdout } = ask(name, ['-c', question]);
    const [, executable, version] = /^(\/\S*) (.+)\n$/.exec(stdout ?? '') ?? [];
    if (status === 0 && executable && version) return { executable, version };
  }
  return { missing };
}

function ask(program: string, args: readonly string[]): SpawnSyncReturns<string> {
  return spawnSync(program, args, { encoding: 'utf8', timeout: 60_000 });
}

/** Calls once, and remembers the result. */
function once<Value>(look: () => Value): () => Value {
  let found: { readonly value: Value } | undefined;
  return () => {
    found ??= { value: look() };
    return found.value;
  };
}
