import { probedPrograms } from './support/probed-programs.ts';

probedPrograms(200, 30);
