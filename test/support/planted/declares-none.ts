import { behaviour } from '../behaviour.ts';

behaviour('declares-none', () => undefined);
