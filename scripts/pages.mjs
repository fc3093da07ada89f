// What pages in Markdown link to, and can be linked by.

/** Code is not text: what looks like a link or a heading in there is none. */
const BLOCK = /^( *)(`{3,}|~{3,})[\s\S]*?^\1\2`*$/gm;
const SPAN = /`[^`\n]*`/g;

/** Where the links of a page lead. */
export function linksOf(text) {
  const links = text
    .replace(BLOCK, '')
    .replace(SPAN, '')
    .matchAll(/\]\(([^()\s]*(?:\([^()]*\)[^()\s]*)*)\)/g);
  return [...links].map(([, link]) => link);
}

/** The name of a heading in links, by the rules of Git hosts. */
export function slugOf(heading) {
  return heading
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\p{M}\p{Pc}\- ]/gu, '')
    .replace(/ /g, '-');
}

/** The headings of a page, as links name them. */
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
