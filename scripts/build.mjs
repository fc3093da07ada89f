// npm run build: src to dist, whether or not it changed. Before npm packs it, without the references to source
// maps: those carry the sources, and stay here.
import { build, ensureInstalled, withoutMaps } from './ready.mjs';

ensureInstalled();
build();
if (process.env.npm_lifecycle_event === 'prepack') withoutMaps();
