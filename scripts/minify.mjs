// Makes bundled code smaller, and keeps what its users may see: the names of functions and classes, and of members
// that are not internal.
import { minify } from 'terser';
import { MEMBER, mentionedMembers } from './internals.mjs';
import { withShortPrivateNames } from './private-names.mjs';
import { root, sources, sourceText } from './sources.mjs';

/**
 * Functions and classes keep their names, which stacks and reports show; other variables get short ones.
 * Other syntax stays: a function that is an argument would lose its name.
 */
const SMALL = {
  compress: {
    defaults: false,
    booleans: true,
    conditionals: true,
    evaluate: true,
    if_return: true,
    join_vars: true,
  },
  // V8 keeps text beyond ASCII in two bytes a character.
  format: { ascii_only: true },
  keep_classnames: true,
  keep_fnames: true,
};

/** All names that sources declare: of a variable of the bundle that is none of them, a number was added. */
const declared = new Set(
  sources().flatMap((file) => sourceText(file).match(/\b[A-Za-z_$][\w$]*\b/g)),
);

/** Internal members of Node's that we use. */
const OF_NODE = ['_handle', '_parentWrap', '_tlsError', '_read', '_write', '_final', '_destroy'];
/** Members whose names stay. */
const kept = new Set([...OF_NODE, ...mentionedMembers(root)]);
/** Short names of the other ones. A user's subclass may have members, too: none begins like these. */
const shortened = new Map(
  byUse(sources().flatMap((file) => sourceText(file).match(MEMBER) ?? []))
    .filter((name) => !kept.has(name))
    .map((name, index) => [`$${name}`, `$_${index.toString(36)}`]),
);

/** Each of some names once; the most frequent ones come first. */
function byUse(names) {
  const uses = new Map();
  for (const name of names.sort()) uses.set(name, (uses.get(name) ?? 0) + 1);
  return [...uses.keys()].sort((a, b) => uses.get(b) - uses.get(a));
}

/** Makes code smaller. */
export async function small(text, options) {
  // Classes that take their names from a variable.
  const reserved = [...text.matchAll(/\b(\w+) = class(?= extends\b| \{)/g)].map(([, name]) => name);
  // Terser knows no private names then: it would give each member of the file a name of its own.
  const { code, map } = await minify(withShortPrivateNames(text, 'PRIVATE$'), {
    ...SMALL,
    ...options,
    mangle: {
      reserved,
      properties: { regex: new RegExp(`^${MEMBER.source}$`), reserved: [...kept] },
    },
    nameCache: { props: { props: Object.fromEntries(shortened) } },
  });
  return { code: code.replaceAll('PRIVATE$', '#'), map: map && withoutVariables(map) };
}

/** Takes the fifth number of each mapping, a variable: Node would take that for the name of the function. */
function withoutVariables(map) {
  const { mappings, ...rest } = JSON.parse(map);
  const number = '[g-z\\d+/]*[A-Za-f]';
  const left = mappings.replace(new RegExp(`((?:${number}){4})${number}`, 'g'), '$1');
  return JSON.stringify({ ...rest, names: [], mappings: left });
}

/**
 * Gives functions and classes their names back. In one file with others, a second `run` has become `run2`,
 * and a class that mentions itself `var Task = class _Task`. (`keepNames` would wrap each function that is
 * made, in hot paths too.)
 *
 * @param isPublic - tells by its name whether users can import a class
 */
export function withNames(bundled, isPublic) {
  const renamed = [];
  const text = withInnerNames(bundled)
    .replace(/^var (\w+) = class(?: (?!extends\b)(\w+))?/gm, (line, variable, own = variable) => {
      // V8 makes no fast code for subclasses of a class whose name was defined again.
      if (sourceName(variable) !== variable)
        throw new Error(`a class became ${variable}: give it another name in its source`);
      if (own !== sourceName(variable)) renamed.push(variable);
      return line;
    })
    .replace(/^(?:async )?function\*? (\w+)\(/gm, (line, name) => {
      if (sourceName(name) !== name) renamed.push(name);
      return line;
    });
  // What is loaded on demand may have classes of the same names, which users cannot import.
  const library = /^function noteBounds\(/m.test(text);
  // A program may be minified with its libraries. A getter keeps the name then, and the class stays fast.
  const named = text.replace(/^var (\w+) = class\b[^{\n]*\{/gm, (line, name) =>
    library && isPublic(name) ? `${line} static get name() { return "${name}"; }` : line,
  );
  const end = named.lastIndexOf('\n//# sourceMappingURL=');
  return [
    library ? 'function begin() { return new Error(); } ' : '',
    named.slice(0, end),
    renamed.length > 0
      ? `for (const each of [${renamed.join(', ')}]) Object.defineProperty(each, "name", { value: each.name.replace(/\\d+$/, ""), configurable: true });`
      : '',
    library ? 'noteBounds(begin(), new Error());' : '',
    named.slice(end),
  ].join('');
}

/**
 * Classes that mention themselves, and functions within others, are called again what they are called in their
 * sources: in them, nothing else has that name.
 */
function withInnerNames(bundled) {
  let text = bundled.replace(/\b_([A-Z]\w*)\b/g, (own, name) =>
    bundled.includes(`\nvar ${name} = class ${own} `) && !declared.has(own) ? name : own,
  );
  // Variables may have short names then.
  text = text.replace(/^var (\w+) = class(?= extends\b| \{)/gm, (line, variable) =>
    sourceName(variable) === variable ? `${line} ${variable}` : line,
  );
  for (const [, indent, before, name] of bundled.matchAll(
    /^( *)([^\n]*?)\bfunction\*? (\w+)\(/gm,
  )) {
    if (sourceName(name) === name || (indent === '' && /^(?:async )?$/.test(before))) continue;
    const body = text.slice(text.indexOf(` ${name}(`)).split(`\n${indent}}`, 1)[0];
    if (before.trim() === '' || new RegExp(`\\b${sourceName(name)}\\b`).test(body))
      throw new Error(
        `a function within another became ${name}: give it another name in its source`,
      );
    text = text.replace(new RegExp(`\\b${name}\\b`, 'g'), sourceName(name));
  }
  return text;
}

/** What a variable of the bundle is called in its source. */
function sourceName(variable) {
  return declared.has(variable) ? variable : variable.replace(/\d+$/, '');
}
