// The names of functions that users may see.
import { parse } from 'acorn';

/** Methods that call their argument, and do not store it. */
const CALLS =
  /^(?:every|filter|find(?:Last)?(?:Index)?|flatMap|forEach|map|reduce(?:Right)?|replace|some|sort)$/;
/** The errors whose stacks may show functions of the library. */
const SHOWING = /^(?:Internal|Type|Range|Reference)?Error\d*$/;
const FUNCTION = /^(?:Arrow)?Function(?:Declaration|Expression)$/;

/**
 * The names of a module's functions that may be shown: the printed form of a callback has its name, and the stack
 * of an error shows the functions that create and throw it, unless it is of one of the library's classes, whose stacks
 * omit them. So these are functions that throw, and those that are not only called: passed on, returned, or stored
 * somewhere.
 */
export function shownFunctions(text) {
  const [functions, shown] = [new Set(), new Set()];
  visit(parse(text, { ecmaVersion: 'latest', sourceType: 'module' }), undefined);
  return [...functions].filter((name) => shown.has(name));

  function visit(node, within) {
    if (node.type === 'Identifier') shown.add(node.name);
    if (throwsOwn(node) || makesError(node)) shown.add(within);
    const { name = within } = functionOf(node) ?? {};
    functions.add(name);
    // A module's exports have short names anyway, or those that users know.
    if (node.type === 'ExportNamedDeclaration') return;
    eachChild(node, (child, key) => {
      if (!isNoUse(node, key, child)) visit(child, name);
    });
  }
}

/** Calls `callback` with every child node of a node, and its key. */
export function eachChild(node, callback) {
  for (const key in node) {
    const part = node[key];
    if (Array.isArray(part)) {
      for (const child of part) if (typeof child?.type === 'string') callback(child, key);
    } else if (typeof part?.type === 'string') callback(part, key);
  }
}

/** The identifier of a declared function: of the function itself, or of its variable. */
function functionOf({ type, id, init }) {
  return FUNCTION.test(type) || FUNCTION.test(init?.type) ? (id ?? undefined) : undefined;
}

/** Does an identifier declare a function, call it, or name a property? */
function isNoUse(node, key, { type }) {
  if (type !== 'Identifier') return false;
  const isOfObject = (key === 'property' || key === 'key') && !node.computed && !node.shorthand;
  const isCalled =
    node.type === 'CallExpression' &&
    (key === 'callee' || (key === 'arguments' && CALLS.test(node.callee.property?.name)));
  return isOfObject || isCalled || (key === 'id' && functionOf(node) !== undefined);
}

/** Does it throw what is created there? */
function throwsOwn({ type, argument }) {
  return type === 'ThrowStatement' && argument.type !== 'Identifier' && !isOfOurClass(argument);
}

function makesError({ type, callee }) {
  return type === 'NewExpression' && SHOWING.test(callee.name);
}

function isOfOurClass({ type, callee }) {
  return type === 'NewExpression' && !SHOWING.test(callee.name);
}
