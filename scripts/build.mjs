// npm run build: builds dist from src, even if src has not changed. Before npm packs it, removes
// the references to source maps, which contain the sources and are not packed.
import { build, ensureInstalled, withoutMaps } from './ready.mjs';

ensureInstalled();
build();
if (process.env.npm_lifecycle_event === 'prepack') withoutMaps();
