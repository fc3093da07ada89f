// The comments of packed declarations: what an editor has room for. The documentation has the rest.

const COMMENT = /\/\*\*(.*?)\*\/(?=\n([^\n]*)|)/gs;
/** What names and types do not say: the units of parameters. */
const UNIT = /^param (?!options\b).*\b(?:seconds|bytes)\b/s;
/** Mistakes in a program, whose texts say what is wrong; what any waiting call throws; and what others throw. */
const UNTOLD = /^(?:\{(?:Type|Range|Runtime|BlockingIO|Cancelled)Error\}|[a-z])/;
/** The system's errors, of which any call on a socket may throw some: those that have an example are told. */
const OF_SYSTEM = /^\{OSError\}(?!.*\[Errno)/s;

/** Shortens the comments of declarations, whose lines are not indented. */
export function withShortComments(declarations) {
  return declarations.replace(COMMENT, (_, comment, declared = '') => {
    const short = isPlain(declared) ? '' : shortened(comment.replace(/^\*(?: |$)/gm, '').trim());
    return short === '' ? '' : `/** ${short} */`;
  });
}

/** Needs no comment: private members are there for the compiler alone. */
function isPlain(declared) {
  return /^(?:private |(?:override )?toString\(\))/.test(declared);
}

/** The first statement of a comment, and the tags that add to what the declaration says. */
function shortened(comment) {
  const [description, ...tags] = comment.split(/^@/m);
  const parts = [
    firstStatement(description),
    ...tags.filter(isTold).map((tag) => `@${inOneLine(tag)}`),
  ];
  return parts
    .filter((part) => part !== '')
    .join('\n')
    .replace(/\{@link (\S+)\}/g, '`$1`')
    .replace(/(?<=@param \w+) -(?= )/g, '');
}

function isTold(tag) {
  const [, kind, text] = /^(\w+) ?(.*)/s.exec(tag);
  if (kind === 'throws') return !UNTOLD.test(text) && !OF_SYSTEM.test(text);
  return UNIT.test(tag);
}

/** The first sentence; if it has several statements, the first of these, and without a long explanation. */
function firstStatement(description) {
  const [paragraph] = description.split('\n\n');
  return inOneLine(paragraph)
    .replace(/(?<=[^\s.][.?])\s+(?=[A-Z`{]).*/s, '')
    .replace(/^((?:[^`;]|`[^`]*`)+); .*/s, '$1.')
    .replace(/^((?:[^`:]|`[^`]*`)+): .{60,}/s, '$1.');
}

function inOneLine(text) {
  return text.trim().replace(/\s*\n\s*/g, ' ');
}
