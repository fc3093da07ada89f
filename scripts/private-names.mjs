// Gives private members short names, class by class: the same few letters everywhere compress well.
import { parse } from 'acorn';
import { eachChild } from './function-names.mjs';

/** In order of their frequency in code. */
const LETTERS = 'etnsirocahlfdgpumvwyb';

/** Renames the private members of all classes in a module; `as` replaces `#` in the new names. */
export function withShortPrivateNames(text, as) {
  const renamed = [];
  visit(parse(text, { ecmaVersion: 'latest', sourceType: 'module' }), undefined, renamed);
  renamed.sort((a, b) => a.start - b.start);
  let short = '';
  let done = 0;
  for (const { start, end, name } of renamed) {
    short += `${text.slice(done, start)}${as}${name}`;
    done = end;
  }
  return short + text.slice(done);
}

/** Walks a syntax tree. `around` contains the members of the enclosing class: how often they are used. */
function visit(node, around, renamed) {
  if (node.type === 'ClassBody') visitClass(node, around, renamed);
  else if (node.type === 'PrivateIdentifier') ownerOf(node.name, around).found.push(node);
  else eachChild(node, (child) => visit(child, around, renamed));
}

function visitClass({ body }, outer, renamed) {
  const names = body.map(({ key }) => key).filter((key) => key?.type === 'PrivateIdentifier');
  const members = new Map(names.map(({ name }) => [name, { found: [] }]));
  const inner = {
    outer,
    members,
    before: outer === undefined ? 0 : outer.before + outer.members.size,
  };
  for (const member of body) visit(member, inner, renamed);
  const byUse = [...members.values()].sort((a, b) => b.found.length - a.found.length);
  for (const [index, { found }] of byUse.entries())
    for (const { start, end } of found)
      renamed.push({ start, end, name: shortName(inner.before + index) });
}

function ownerOf(name, { outer, members }) {
  return members.get(name) ?? ownerOf(name, outer);
}

function shortName(index) {
  const last = LETTERS[index % LETTERS.length];
  return index < LETTERS.length ? last : shortName(Math.floor(index / LETTERS.length) - 1) + last;
}
