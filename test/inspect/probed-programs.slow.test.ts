import { probedPrograms } from './support/probed-programs.ts';

probedPrograms(5000, 600);
