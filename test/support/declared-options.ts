import { readFileSync } from 'node:fs';
import path from 'node:path';
import { root } from './program.ts';

/** The package's declaration files, with the prefix for their names. */
const FILES = { types: '', index: '', socket: 'socket.', testing: 'testing.' };

/**
 * The public functions with a parameter `options`, such as `sleep`, `new Task` and
 * `socket.createServer`, each with the names of all options that its types allow.
 */
export function declaredOptions(): Map<string, string[]> {
  const texts = Object.keys(FILES).map((name) => [name, readDeclarations(name)] as const);
  const types = texts.map(([, text]) => text).join('\n');
  const found = new Map<string, string[]>();
  for (const [file, text] of texts) {
    const prefix = FILES[file as keyof typeof FILES];
    const pattern =
      /^(?:export |declare )?(?:abstract )?class (\w+)|^(\}$)|^(?:export function |abstract )?(\w+)(?:<.*?>)?\((?:.|\n)*?\)(?::.*)?$/gm;
    let owner = '';
    for (const [declaration, className, end, name] of text.matchAll(pattern)) {
      if (className !== undefined) owner = className;
      else if (end !== undefined) owner = '';
      const at = declaration.search(/\boptions\??:/);
      if (name === undefined || at === -1 || name === 'export') continue;
      const member = name === 'constructor' ? `new ${owner}` : owner && `${owner}.${name}`;
      const key = prefix + (member || name);
      const type = declaration.slice(declaration.indexOf(':', at) + 1).replace(/\):[^{}]*$/, '');
      found.set(key, [...new Set([...(found.get(key) ?? []), ...namesIn(type, types)])]);
    }
  }
  return found;
}

function readDeclarations(name: string): string {
  const text = readFileSync(path.join(root, 'dist', `${name}.d.ts`), 'utf8');
  return text.replace(/\/\*\*(?:.|\n)*?\*\/\n?/g, '');
}

/** The names of the options in a type; `types` has its declarations. */
function namesIn(type: string, types: string): string[] {
  const [, rest = ''] = /Omit<(.*)/s.exec(type) ?? [];
  const left: string[] = [...type.matchAll(/^(?:readonly )?(\w+)\??:/gm)].map(
    ([, name]) => name as string,
  );
  const omitted = /^\w+,([^>]*)>/.exec(rest)?.[1] ?? '';
  for (const [, picked = ''] of type.matchAll(/Pick<\w+,([^>]*)>/g))
    left.push(...picked.replaceAll("'", '').split('|'));
  const outside = type.replace(/Pick<[^>]*>|\{(?:.|\n)*\}/g, '');
  for (const [name] of outside.matchAll(/\b[A-Z]\w+/g)) left.push(...namesOf(name, types));
  return left.filter((name) => !omitted.includes(`'${name}'`));
}

function namesOf(name: string, types: string): string[] {
  const [, alias] = new RegExp(`type ${name}=(.*)$`, 'm').exec(types) ?? [];
  if (alias !== undefined) return namesIn(alias, types);
  const declared = new RegExp(`interface ${name}(?: extends (.*?))?\\{\\n((?:.|\\n)*?)^\\}`, 'm');
  const [, bases = '', body = ''] = declared.exec(types) ?? [];
  return [
    ...namesIn(bases, types),
    ...[...body.matchAll(/^readonly (\w+)\?:/gm)].map(([, n]) => n as string),
  ];
}
