// Makes bundled code smaller, and keeps what its users may see: the names of functions and classes, and of members
// that are not internal.
import { parse } from 'acorn';
import { minify } from 'terser';
import { eachChild, shownFunctions } from './function-names.mjs';
import { MEMBER, mentionedMembers } from './internals.mjs';
import { withShortPrivateNames } from './private-names.mjs';
import { replaced, withoutVariables } from './source-maps.mjs';
import { root, sources, sourceText } from './sources.mjs';

/**
 * Classes keep their names, and so do functions that are public or shown ({@link shownFunctions}); what else
 * has no members gets short ones. Other syntax stays: a function that is an argument would lose its name.
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
  // V8 keeps text beyond ASCII in two bytes a character.
  format: { ascii_only: true },
  keep_classnames: true,
};

/** Puts constants where they are used. Together with `unused`, it would do so with functions, which lose their names. */
const CONSTANTS = {
  compress: { defaults: false, evaluate: true, reduce_vars: true },
  mangle: false,
};

/** Values move to where they are used, except in the library, whose speed is measured and whose values are watched. */
const MOVED = { reduce_vars: true, reduce_funcs: false, collapse_vars: true, hoist_props: true };

/** All names that sources declare: of a variable of the bundle that is none of them, a number was added. */
const declared = new Set(
  sources().flatMap((file) => sourceText(file).match(/\b[A-Za-z_$][\w$]*\b/g)),
);

/** Internal members of Node's that we use. */
const OF_NODE = [
  '_handle',
  '_parentWrap',
  '_tlsError',
  '_read',
  '_write',
  '_writev',
  '_final',
  '_destroy',
];
/** Members whose names stay. */
const kept = new Set([...OF_NODE, ...mentionedMembers(root)]);
/** Short names of the other ones. A user's subclass may have members, too: none begins by `_` and a digit. */
const shortened = new Map(
  byUse(sources().flatMap((file) => sourceText(file).match(MEMBER) ?? []))
    .filter((name) => !kept.has(name))
    .map((name, index) => [`$${name}`, `_${memberName(index)}`]),
);

/** A digit, and a character for all but the first ones. */
function memberName(index) {
  return index < 10 ? index : `${Math.floor(index / 36)}${(index % 36).toString(36)}`;
}

/** For the variables that are used most: functions name few of their own so. */
const LETTERS = 'STAEPCRIDLONFMBUVWHGKJ';

/** Each of some names once; the most frequent ones come first. */
function byUse(names) {
  const uses = new Map();
  for (const name of names.sort()) uses.set(name, (uses.get(name) ?? 0) + 1);
  return [...uses.keys()].sort((a, b) => uses.get(b) - uses.get(a));
}

/**
 * Makes code smaller.
 *
 * @param isPublic - tells by its name whether users can import a function
 */
export async function small(text, isPublic, options) {
  const isPublicFunction = (name) => isPublic(sourceName(name));
  const shown = [...shownFunctions(text), ...declaredFunctions(text).filter(isPublicFunction)];
  // Classes that take their names from a variable.
  const reserved = [...text.matchAll(/\b(\w+) = class(?= extends\b| \{)/g)].map(([, name]) => name);
  // Terser knows no private names then: it would give each member of the file a name of its own.
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
 * Letters for the variables of a module that are used most; not for those whose names functions declare, too, or
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

/** Writes infinity as Terser knows it. All columns stay. */
function withInfinity(text) {
  return text
    .replace(/Number\.POSITIVE_INFINITY/g, (long) => 'Infinity'.padEnd(long.length))
    .replace(/Number\.NEGATIVE_INFINITY/g, (long) => '-Infinity'.padEnd(long.length));
}

/**
 * Writes strings in backticks where it can, which packs better than two kinds of quotes. V8 makes the same code of them.
 * All columns stay.
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

/** Declares the constants of functions by `let`, which is shorter and as fast. All columns stay. */
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

/** Makes the program of a page smaller: nobody sees its names. */
export async function smallPage(text) {
  const compress = { passes: 2, ecma: 2022, unsafe_arrows: true, unsafe_methods: true };
  const { code } = await minify(text, { compress, module: true, enclose: true });
  return code;
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
  const shown = new Set(shownFunctions(bundled));
  const isShown = (name) => shown.has(name) || isPublic(sourceName(name));
  const text = withInnerNames(bundled)
    .replace(/^var (\w+) = class(?: (?!extends\b)(\w+))?/gm, (line, variable, own = variable) => {
      // V8 makes no fast code for subclasses of a class whose name was defined again.
      if (sourceName(variable) !== variable)
        throw new Error(`a class became ${variable}: give it another name in its source`);
      if (own !== sourceName(variable)) renamed.push(variable);
      return line;
    })
    .replace(/^(?:async )?function\*? (\w+)\(/gm, (line, name) => {
      if (sourceName(name) !== name && isShown(name)) renamed.push(name);
      return line;
    });
  // What is loaded on demand may have classes of the same names, which users cannot import.
  const library = isLibrary(text);
  // A program may be minified with its libraries. A getter keeps the name then, and the class stays fast.
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
    // Minifiers move a function that is called once, or that only returns something. This one stays.
    library ? `${/\w+__attempt\b/.exec(named)[0]}(() => noteBounds(new Error()));` : '',
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

/** Is it the file with nearly all of the library? */
function isLibrary(text) {
  return /^function noteBounds\(/m.test(text);
}

/** The names of the functions of a module that are not within others. */
function declaredFunctions(text) {
  return Array.from(text.matchAll(/^(?:async )?function\*? (\w+)\(/gm), ([, name]) => name);
}

/** What a variable of the bundle is called in its source. */
function sourceName(variable) {
  return declared.has(variable) ? variable : variable.replace(/\d+$/, '');
}
