import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import * as assert from 'uvu/assert';
import { behaviour } from './support/behaviour.ts';
import { root } from './support/program.ts';

/** The most files of a room. */
const MOST = 12;

const src = path.join(root, 'src');
const files = readdirSync(src, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.replaceAll('\\', '/'));
/** The files of each folder of src; those of src itself are the doors. */
const rooms = new Map<string, string[]>();
for (const file of files)
  if (file.includes('/'))
    rooms.set(path.posix.dirname(file), [...(rooms.get(path.posix.dirname(file)) ?? []), file]);

/** The rooms that the files of a room import, types included. */
function importsOf(room: string): string[] {
  const imported = (rooms.get(room) as string[]).flatMap((file) => {
    const text = readFileSync(path.join(src, file), 'utf8');
    const specifiers = text.matchAll(/(?:from |import\()'(\.[^']+)'/g);
    return [...specifiers].map(([, specifier]) =>
      path.posix.dirname(path.posix.join(room, specifier as string)),
    );
  });
  return [...new Set(imported)].filter((other) => other !== room && rooms.has(other));
}

const imports = new Map([...rooms.keys()].map((room) => [room, importsOf(room)]));

/** A way from a room back to itself, if there is one. */
function cycleFrom(room: string): string[] | undefined {
  const seen = new Set<string>();
  const find = (way: readonly string[]): string[] | undefined => {
    for (const next of imports.get(way.at(-1) as string) as string[]) {
      if (next === room) return [...way, next];
      if (seen.has(next)) continue;
      seen.add(next);
      const found = find([...way, next]);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  return find([room]);
}

behaviour('The rooms of src', (it) => {
  it('have a dozen files at most', () => {
    const large = [...rooms].filter(([, files]) => files.length > MOST).map(([room]) => room);

    assert.equal(large, []);
  });

  it('do not import a room that leads back to them', () => {
    const cycles = [...rooms.keys()].map(cycleFrom).filter((cycle) => cycle !== undefined);

    assert.equal(cycles, []);
  });

  it('are in the drawing of docs/design.md, and nothing else is', () => {
    const design = readFileSync(path.join(root, 'docs', 'design.md'), 'utf8');
    const [, drawing = ''] = /## The folders[\s\S]*?```\n([\s\S]*?)```/.exec(design) ?? [];
    const drawn: string[] = [];
    const way: string[] = [];
    for (const [, indent = '', name = ''] of drawing.matchAll(/^( *)([\w-]+)\/ /gm)) {
      way.length = indent.length / 2;
      way.push(name);
      drawn.push(way.join('/'));
    }
    const withoutFiles = new Set([...rooms.keys()].map((room) => path.posix.dirname(room)));

    assert.equal(
      drawn.filter((room) => !withoutFiles.has(room) || rooms.has(room)).sort(),
      [...rooms.keys()].sort(),
    );
  });
});
