// The links and link targets of Markdown pages.

/** Code is not text: what looks like a link or a heading in it is ignored. */
const BLOCK = /^( *)(`{3,}|~{3,})[\s\S]*?^\1\2`*$/gm;
const SPAN = /`[^`\n]*`/g;

/** The targets of a page's links. */
export function linksOf(text) {
  const links = text
    .replace(BLOCK, '')
    .replace(SPAN, '')
    .matchAll(/\]\(([^()\s]*(?:\([^()]*\)[^()\s]*)*)\)/g);
  return [...links].map(([, link]) => link);
}

/** The anchor of a heading, by the rules of Git hosts. */
export function slugOf(heading) {
  return heading
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\p{M}\p{Pc}\- ]/gu, '')
    .replace(/ /g, '-');
}

/** The anchors of a page's headings. */
export function anchorsOf(text) {
  const anchors = new Set();
  for (const [, heading] of text.replace(BLOCK, '').matchAll(/^#{1,6} (.*)$/gm)) {
    const slug = slugOf(heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').replace(/[`*]/g, ''));
    let name = slug;
    for (let at = 1; anchors.has(name); at += 1) name = `${slug}-${at}`;
    anchors.add(name);
  }
  return anchors;
}
