// Has Node load, for a module in TypeScript, what scripts/plain.mjs has made of it.
const root = new URL('../../', import.meta.url).href;

export function resolve(specifier, context, next) {
  const isOurs = specifier.startsWith(root) && specifier.endsWith('.ts');
  const plain = isOurs
    ? `${root}dist-${specifier.slice(root.length).replace(/\.ts$/, '.js')}`
    : specifier;
  return next(plain, context);
}
