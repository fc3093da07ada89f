// npm run build: src to dist, whether or not it changed.
import { build, ensureInstalled } from './ready.mjs';

ensureInstalled();
build();
