// npm run build: builds dist from src, even if src has not changed.
import { build, ensureInstalled } from './ready.mjs';

ensureInstalled();
build();
