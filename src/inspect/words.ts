import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FOREIGN, type FrameData, type TaskData } from './snapshot/data.ts';

/** Describes a task that does not wait for anything of ours. */
export function stateInWords(task: TaskData): string {
  if (task.state === 'scheduled') return 'has not started: it is scheduled for the next turn';
  if (task.state === 'running') return 'runs';
  return `waits for ${FOREIGN}`;
}

/** A line for each function, to be printed below what they wait for. */
export function framesInWords(stack: readonly FrameData[], margin: string): string[] {
  return stack.map((frame) => `${margin}    at ${frame.name} (${placeOf(frame)})`);
}

/** `file:line`, relative to the working directory. */
export function placeOf({ file, line }: FrameData): string {
  const path = file.startsWith('file:') ? fileURLToPath(file) : file;
  const near = relative(process.cwd(), path);
  return `${near.startsWith('..') ? path : near}:${line}`;
}
