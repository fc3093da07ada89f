// Makes bundled code smaller, and keeps what users may see: the names of functions and classes, and of members
// that are not internal.
import { parse } from 'acorn';
import { minify } from 'terser';
import { eachChild, shownFunctions } from './function-names.mjs';
import { MEMBER, mentionedMembers } from './internals.mjs';
import { withShortPrivateNames } from './private-names.mjs';
import { replaced, withoutVariables } from './source-maps.mjs';
import { root, sources, sourceText } from './sources.mjs';

/**
 * Classes keep their names, and so do functions that are public or shown ({@link shownFunctions}); everything else
 * without members gets short ones. Other syntax is kept: a function expression as an argument would lose its name.
 */
const SMALL = {
  compress: {
    defaults: false,
    booleans: true,
    comparisons: true,
    conditionals: true,
    evaluate: true,
    hoist_funs: true,
    if_return: true,
    join_vars: true,
    properties: true,
    side_effects: true,
    unused: true,
  },
  // V8 stores text beyond ASCII in two bytes per character.
  format: { ascii_only: true },
  keep_classnames: true,
};

/** Inlines constants. Together with `unused`, this would also inline functions, which would lose their names. */
const CONSTANTS = {
  compress: { defaults: false, evaluate: true, reduce_vars: true },
  mangle: false,
};

/** Inlines values, except in the library, whose speed is measured and whose values are inspected. */
const MOVED = { reduce_vars: true, reduce_funcs: false, collapse_vars: true, hoist_props: true };

/** All names that the sources declare: if a bundle's variable has another name, a number was added. */
const declared = new Set(
  sources().flatMap((file) => sourceText(file).match(/\b[A-Za-z_$][\w$]*\b/g)),
);

/** Internal members of Node that the library uses. */
const OF_NODE = [
  '_handle',
  '_parentWrap',
  '_tlsError',
  '_read',
  '_write',
  '_writev',
  '_final',
  '_destroy',
  '_compile',
];
/** Members whose names are kept. */
const kept = new Set([...OF_NODE, ...mentionedMembers(root)]);
/** Short names of the others. Subclasses of users may have members too, none of which starts with `_` and a digit. */
const shortened = new Map(
  byUse(sources().flatMap((file) => sourceText(file).match(MEMBER) ?? []))
    .filter((name) => !kept.has(name))
    .map((name, index) => [`$${name}`, `_${memberName(index)}`]),
);

/** A digit, followed by a character except for the first ones. */
function memberName(index) {
  return index < 10 ? index : `${Math.floor(index / 36)}${(index % 36).toString(36)}`;
}

/** For the most frequent variables: functions have few variables with such names. */
const LETTERS = 'STAEPCRIDLONFMBUVWHGKJ';

/** The distinct names; the most frequent ones come first. */
function byUse(names) {
  const uses = new Map();
  for (const name of names.sort()) uses.set(name, (uses.get(name) ?? 0) + 1);
  return [...uses.keys()].sort((a, b) => uses.get(b) - uses.get(a));
}

/**
 * Makes code smaller.
 *
 * @param isPublic - returns whether users can import a function with this name
 */
export async function small(text, isPublic, options) {
  const isPublicFunction = (name) => isPublic(sourceName(name));
  const shown = [...shownFunctions(text), ...declaredFunctions(text).filter(isPublicFunction)];
  // Classes that get their names from a variable.
  const reserved = [...text.matchAll(/\b(\w+) = class(?= extends\b| \{)/g)].map(([, name]) => name);
  // Terser sees no private names then: it would give each member in the file a different name.
  const first = await minify(withShortPrivateNames(withInfinity(text), 'PRIVATE$'), {
    ...CONSTANTS,
    ...options,
  });
  const sourceMap = options?.sourceMap && { ...options.sourceMap, content: first.map };
  const imported = options?.nameCache?.vars.props;
  const { code, map } = await minify(withLet(first.code), {
    ...SMALL,
    compress: { ...SMALL.compress, ...(!isLibrary(text) && MOVED) },
    keep_fnames: new RegExp(`^(?:${shown.join('|').replaceAll('$', '\\$')})$`),
    ...options,
    sourceMap,
    mangle: {
      reserved,
      properties: { regex: new RegExp(`^${MEMBER.source}$`), reserved: [...kept] },
    },
    nameCache: {
      vars: {
        props: {
          ...imported,
          ...(isLibrary(text) && lettersOf(first.code, [...shown, ...reserved], imported)),
        },
      },
      props: { props: Object.fromEntries(shortened) },
    },
  });
  const [short, moved] = replaced(
    withTicks(code),
    map ? JSON.parse(map) : { mappings: '' },
    'PRIVATE$',
    '#',
  );
  return { code: short, map: map && JSON.stringify(withoutVariables(moved)) };
}

/**
 * Letters for the most frequent variables of a module; not for those whose names functions also declare, or
 * that are imported.
 */
function lettersOf(text, keep, imported = {}) {
  const uses = new Map();
  const program = parse(text, { ecmaVersion: 'latest', sourceType: 'module' });
  for (const { id, declarations = [{ id }] } of program.body)
    for (const each of declarations) uses.set(each.id?.name, 0);
  for (const name of keep) uses.delete(name);
  const taken = Object.values(imported);
  const letters = [...LETTERS].filter((letter) => !taken.includes(letter));
  visit(program, false);
  const most = [...uses.keys()].sort((a, b) => uses.get(b) - uses.get(a));
  return Object.fromEntries(letters.map((letter, index) => [`$${most[index]}`, letter]));

  function visit(node, isInFunction) {
    const isIn = isInFunction || /Function/.test(node.type);
    eachChild(node, (child, key) => {
      const isOfObject = (key === 'property' || key === 'key') && !node.computed;
      if (child.type !== 'Identifier') visit(child, isIn);
      else if (key === 'params' || (key === 'id' && isInFunction)) uses.delete(child.name);
      else if (!isOfObject && uses.has(child.name)) uses.set(child.name, uses.get(child.name) + 1);
    });
  }
}

/** Writes infinity in Terser's form. All columns stay the same. */
function withInfinity(text) {
  return text
    .replace(/Number\.POSITIVE_INFINITY/g, (long) => 'Infinity'.padEnd(long.length))
    .replace(/Number\.NEGATIVE_INFINITY/g, (long) => '-Infinity'.padEnd(long.length));
}

/**
 * Writes strings in backticks where possible, which compresses better than two kinds of quotes. V8 compiles them alike.
 * All columns stay the same.
 */
function withTicks(text) {
  const places = [];
  visit(parse(text, { ecmaVersion: 'latest', sourceType: 'module' }));
  const parts = text.split('');
  for (const place of places) parts[place] = '`';
  return parts.join('');

  function visit(node, around, key) {
    const isName =
      node.type === 'Literal' && (key === 'source' || (key === 'key' && !around.computed));
    if (typeof node.value === 'string' && !isName && !around.directive && !/`|\$\{/.test(node.raw))
      places.push(node.start, node.end - 1);
    eachChild(node, (child, name) => visit(child, node, name));
  }
}

/** Declares constants in functions with `let`, which is shorter and as fast. All columns stay the same. */
function withLet(text) {
  const starts = [];
  visit(parse(text, { ecmaVersion: 'latest', sourceType: 'module' }), false);
  const ends = [...starts.slice(1), text.length];
  const after = starts.map((start, index) => text.slice(start + 'const'.length, ends[index]));
  return [text.slice(0, starts[0]), ...after].join('let  ');

  function visit(node, isInFunction) {
    if (isInFunction && node.kind === 'const') starts.push(node.start);
    const isIn = isInFunction || /Function/.test(node.type);
    eachChild(node, (child) => visit(child, isIn));
  }
}

/** Makes the script of a page smaller: its names are not visible. */
export async function smallPage(text) {
  const compress = { passes: 2, ecma: 2022, unsafe_arrows: true, unsafe_methods: true };
  const { code } = await minify(text, { compress, module: true, enclose: true });
  return code;
}

/**
 * Restores the names of functions and classes. In a shared file, a second `run` has become `run2`,
 * and a class that refers to itself `var Task = class _Task`. (`keepNames` would wrap each function that is
 * created, also in hot paths.)
 *
 * @param isPublic - returns whether users can import a class with this name
 */
export function withNames(bundled, isPublic) {
  const renamed = [];
  const shown = new Set(shownFunctions(bundled));
  const isShown = (name) => shown.has(name) || isPublic(sourceName(name));
  const text = withInnerNames(bundled)
    .replace(/^var (\w+) = class(?: (?!extends\b)(\w+))?/gm, (line, variable, own = variable) => {
      // V8 does not optimize subclasses of a class whose name was redefined.
      if (sourceName(variable) !== variable)
        throw new Error(`a class became ${variable}: give it another name in its source`);
      if (own !== sourceName(variable)) renamed.push(variable);
      return line;
    })
    .replace(/^(?:async )?function\*? (\w+)\(/gm, (line, name) => {
      if (sourceName(name) !== name && isShown(name)) renamed.push(name);
      return line;
    });
  // Code that is loaded on demand may have classes with the same names, which users cannot import.
  const library = isLibrary(text);
  // A program may be minified with its libraries. A getter preserves the name then, and the class stays fast.
  const named = text.replace(/^var (\w+) = class\b[^{\n]*\{/gm, (line, name) =>
    library && isPublic(name) ? `${line} static get name() { return "${name}"; }` : line,
  );
  const [, firstName] = /^(?:async )?function\*? (\w+)/m.exec(named) ?? [];
  if (/^function attempt\(/m.test(named) && firstName !== 'attempt')
    throw new Error('attempt() is not the first function of the library: noteBounds() needs that');
  const end = named.lastIndexOf('\n//# sourceMappingURL=');
  return [
    named.slice(0, end),
    renamed.length > 0
      ? `for (const each of [${renamed.join(', ')}]) Object.defineProperty(each, "name", { value: each.name.replace(/\\d+$/, ""), configurable: true });`
      : '',
    // Minifiers inline a function that is called once, or only returns something. This one is kept.
    library ? `${/\w+__attempt\b/.exec(named)[0]}(() => noteBounds(new Error()));` : '',
    named.slice(end),
  ].join('');
}

/**
 * Restores the source names of classes that refer to themselves, and of functions within others: in their
 * sources, nothing else has that name.
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

/** Is it the file that contains nearly all of the library? */
function isLibrary(text) {
  return /^function noteBounds\(/m.test(text);
}

/** The names of the top-level functions of a module. */
function declaredFunctions(text) {
  return Array.from(text.matchAll(/^(?:async )?function\*? (\w+)\(/gm), ([, name]) => name);
}

/** The source name of a variable of the bundle. */
function sourceName(variable) {
  return declared.has(variable) ? variable : variable.replace(/\d+$/, '');
}
