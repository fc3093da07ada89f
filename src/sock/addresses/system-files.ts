import { readFileSync } from 'node:fs';
import { simulatedSystem } from './simulated-system.ts';

const FOLDER =
  process.platform === 'win32'
    ? `${process.env['SystemRoot'] ?? 'C:\\Windows'}\\System32\\drivers\\etc\\`
    : '/etc/';

/** The words of each line of a system file, without comments; none if the file does not exist. */
export function linesOf(file: 'hosts' | 'services' | 'protocols'): string[][] {
  const name = process.platform === 'win32' && file === 'protocols' ? 'protocol' : file;
  let text: string;
  try {
    text = readFileSync(FOLDER + name, 'utf8');
  } catch {
    // No file means no entries.
    return [];
  }
  const lines = text.split('\n').map((line) => line.replace(/#.*/, '').trim().split(/\s+/));
  return lines.filter(([word]) => word);
}

/**
 * The names of a host in the hosts file: those of the first line that contains one of its addresses
 * or names. A simulated host has no such file.
 */
export function hostsFileNames(
  isIt: (number: string, names: readonly string[]) => boolean,
): string[] {
  if (simulatedSystem() !== undefined) return [];
  const [, ...names] = linesOf('hosts').find(([number = '', ...all]) => isIt(number, all)) ?? [];
  return names;
}
