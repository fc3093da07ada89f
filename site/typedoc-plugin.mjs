// Adds to typedoc's output: categories, the classes of thrown errors, and links to pages.
import { Comment, CommentTag, Converter, ReflectionKind } from 'typedoc';
import ts from 'typescript';

/** Categories of exports, by the beginning of their file's path in src. */
const CATEGORIES = [
  ['base/errors', 'Errors'],
  ['base/log', 'Reports and logging'],
  ['core/reports', 'Reports and logging'],
  ['core/context', 'Context variables'],
  ['core/turns', 'The loop'],
  ['core/futures', 'Futures'],
  ['core/cancellation', 'Limits and cancellation'],
  ['core', 'Tasks and coroutines'],
  ['tasks/limits', 'Limits and cancellation'],
  ['tasks/shield', 'Limits and cancellation'],
  ['tasks/groups', 'Groups'],
  ['tasks', 'Tasks and coroutines'],
  ['sync', 'Locks, queues and channels'],
  ['streams', 'Streams'],
  ['transports/subprocess', 'Pipes and child processes'],
  ['transports/pipes', 'Pipes and child processes'],
  ['transports', 'Transports, protocols and servers'],
  ['loop', 'The loop'],
  ['runners', 'Running'],
  ['threads', 'Threads'],
  ['inspect', 'Reports and logging'],
  ['simulation', 'Simulation'],
  ['testing', 'Tests'],
];

/** The classes in a signature's `@throws` tags, in order. typedoc drops them. */
const classes = new WeakMap();

export function load(app) {
  app.converter.on(Converter.EVENT_CREATE_SIGNATURE, (_context, signature, declaration) => {
    const thrown = declaration && ts.getJSDocTags(declaration).filter(ts.isJSDocThrowsTag);
    if (thrown)
      classes.set(
        signature,
        thrown.map((tag) => tag.typeExpression?.type.getText()),
      );
  });
  app.converter.on(Converter.EVENT_CREATE_DECLARATION, (context, reflection) => {
    if (!reflection.parent?.kindOf(ReflectionKind.Module)) return;
    const file = context
      .getSymbolFromReflection(reflection)
      ?.declarations?.[0]?.getSourceFile().fileName;
    const name = /\/src\/(.*)$/.exec(file ?? '')?.[1] ?? '';
    const found = CATEGORIES.find(([start]) => name.startsWith(start));
    if (found === undefined) return;
    reflection.comment ??= new Comment();
    reflection.comment.blockTags.push(
      new CommentTag('@category', [{ kind: 'text', text: found[1] }]),
    );
  });
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, (context) => {
    for (const reflection of Object.values(context.project.reflections)) {
      nameErrors(reflection.comment, classes.get(reflection) ?? []);
      linkPages(reflection.comment);
      // Tables show the summary of the function itself, but only its signatures have one.
      if (reflection.kind === ReflectionKind.Function && reflection.comment?.summary.length === 0)
        reflection.comment.summary = reflection.signatures?.[0]?.comment?.summary ?? [];
      // Leaves out internal interfaces.
      if (reflection.implementedTypes)
        reflection.implementedTypes = reflection.implementedTypes.filter(
          (type) => type.reflection !== undefined,
        );
    }
  });
}

/** Merges the `@throws` tags into one list, with the classes. */
function nameErrors(comment, names) {
  const thrown = comment?.blockTags.filter(({ tag }) => tag === '@throws') ?? [];
  if (thrown.length === 0) return;
  const lines = thrown.flatMap(({ content }, at) => [
    { kind: 'text', text: '\n- ' },
    ...(names[at] ? [{ kind: 'text', text: `\`${names[at]}\` ` }] : []),
    ...content.map((part) =>
      part.kind === 'text' ? { ...part, text: part.text.replace(/\n\s*/g, ' ') } : part,
    ),
  ]);
  const list = new CommentTag('@throws', lines);
  const at = comment.blockTags.indexOf(thrown[0]);
  comment.blockTags = comment.blockTags.filter((tag) => !thrown.includes(tag));
  comment.blockTags.splice(at, 0, list);
}

/** Turns names of pages, such as docs/limits.md, into links. */
function linkPages(comment) {
  if (comment === undefined) return;
  for (const part of [comment.summary, ...comment.blockTags.map(({ content }) => content)].flat())
    if (part.kind === 'text')
      part.text = part.text.replace(
        /\bdocs\/([\w-]+)\.md(#[\w-]+)?/g,
        (_name, page, heading = '') => `[${page}](/${page}${heading})`,
      );
}
