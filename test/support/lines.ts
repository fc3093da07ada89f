import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Returns `FILE:LINE` of the lines of a test that end with `// here: NAME`. */
export function linesOf(url: string): (name: string) => string {
  const path = fileURLToPath(url);
  const lines = readFileSync(path, 'utf8').split('\n');
  return (name) => {
    const at = lines.findIndex((line) => line.endsWith(`// here: ${name}`));
    if (at < 0) throw new Error(`no line ends with '// here: ${name}'`);
    return `${relative(process.cwd(), path)}:${at + 1}`;
  };
}
