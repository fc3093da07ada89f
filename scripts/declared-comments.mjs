// The comments of packed declarations: what an editor has space for. The documentation has the rest.

/** A class or an interface, or a comment and the line that it describes. */
const COMMENT =
  /^[^\n]*\b(?:class|interface) (?<owner>\w+)|\/\*\*(?<comment>.*?)\*\/(?=\n(?<declared>[^\n]*)|)/gms;
/** What names and types do not express: the units of parameters. */
const UNIT = /^param (?!options\b).*\b(?:seconds|bytes)\b/s;
/** Programming errors, whose messages explain themselves; what any waiting call throws; and others. */
const UNTOLD = /^(?:\{(?:Type|Range|Runtime|BlockingIO|Cancelled)Error\}|[a-z])/;
/** System errors, some of which any call on a socket may throw: those with an example are kept. */
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

/** Does a comment say no more than the names in the declaration? */
function isSaid(comment, names) {
  const said = new Set(names.match(/[A-Z]?[a-z]+|[A-Z]+/g).map(stem));
  const words = comment.match(/\w+/g);
  return words.every((word) => FILLERS.has(word.toLowerCase()) || said.has(stem(word)));
}

function stem(word) {
  return word.toLowerCase().replace(/(?:ed|es?|ing|s)$/, '');
}

/** Needs no comment: private members exist only for the compiler. */
function isPlain(declared) {
  return /^(?:private |(?:(?:abstract|override) )*toString\(\))/.test(declared);
}

/** The first statement of a comment, and the tags that add to the declaration. */
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

/** The first sentence; if it has several clauses, the first of these, without a long explanation. */
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
