// The comments of packed declarations: what an editor has room for. The documentation has the rest.

/** A class or an interface, or a comment and the line that it is about. */
const COMMENT =
  /^[^\n]*\b(?:class|interface) (?<owner>\w+)|\/\*\*(?<comment>.*?)\*\/(?=\n(?<declared>[^\n]*)|)/gms;
/** What names and types do not say: the units of parameters. */
const UNIT = /^param (?!options\b).*\b(?:seconds|bytes)\b/s;
/** Mistakes in a program, whose texts say what is wrong; what any waiting call throws; and what others throw. */
const UNTOLD = /^(?:\{(?:Type|Range|Runtime|BlockingIO|Cancelled)Error\}|[a-z])/;
/** The system's errors, of which any call on a socket may throw some: those that have an example are told. */
const OF_SYSTEM = /^\{OSError\}(?!.*\[Errno)/s;

/** Words that add nothing to others. */
const FILLERS = new Set(
  'a all an and any are as be by current for from in is it its new of on other that the this to was which with'.split(
    ' ',
  ),
);

/** Shortens the comments of declarations, whose lines are not indented. */
export function withShortComments(declarations) {
  let around = '';
  return declarations.replace(COMMENT, (whole, ...rest) => {
    const { owner, comment, declared = '' } = rest.at(-1);
    if (owner !== undefined) {
      around = owner;
      return whole;
    }
    const short = isPlain(declared) ? '' : shortened(comment.replace(/^\*(?: |$)/gm, '').trim());
    return short === '' || isSaid(short, `${declared} ${around}`) ? '' : `/** ${short} */`;
  });
}

/** Do the names in a declaration say as much as its comment? */
function isSaid(comment, names) {
  const said = new Set(names.match(/[A-Z]?[a-z]+|[A-Z]+/g).map(stem));
  const words = comment.match(/\w+/g);
  return words.every((word) => FILLERS.has(word.toLowerCase()) || said.has(stem(word)));
}

function stem(word) {
  return word.toLowerCase().replace(/(?:ed|es?|ing|s)$/, '');
}

/** Needs no comment: private members are there for the compiler alone. */
function isPlain(declared) {
  return /^(?:private |(?:(?:abstract|override) )*toString\(\))/.test(declared);
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
    .replace(/^((?:[^`:]|`[^`]*`)+): .{60,}/s, '$1.')
    .replace(/(?<!\.)\.$/, '');
}

function inOneLine(text) {
  return text.trim().replace(/\s*\n\s*/g, ' ');
}
