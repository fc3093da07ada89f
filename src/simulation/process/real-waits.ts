import { FOREIGN } from '../../inspect/snapshot/data.ts';

/**
 * Records what Node waits for now.
 *
 * @returns a function that describes what else Node waits for when it is called; empty if neither Node nor one of
 *   `tasks`, as described, waits for anything real
 */
export function watchRealWaits(): (tasks: string) => string {
  const before = process.getActiveResourcesInfo();
  return (tasks) => {
    const more = process.getActiveResourcesInfo().filter((name) => name !== 'Immediate');
    for (const name of before) if (more.includes(name)) more.splice(more.indexOf(name), 1);
    if (more.length === 0 && !tasks.includes(FOREIGN)) return '';
    const what = more.length > 0 ? `Node waits for ${[...new Set(more)].join(', ')}: a` : 'A';
    const timers = more.includes('Timeout') ? '; for timers, see the option patch' : '';
    return `\n  ${what} simulation does not wait for anything real${timers}`;
  };
}
