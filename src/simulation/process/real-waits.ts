/** Notes what Node waits for now; the function says, in words, what is more later, or that a task waits for its promise. */
export function watchRealWaits(): (tasks: string) => string {
  const before = process.getActiveResourcesInfo();
  return (tasks) => {
    const more = process.getActiveResourcesInfo().filter((name) => name !== 'Immediate');
    for (const name of before) if (more.includes(name)) more.splice(more.indexOf(name), 1);
    if (more.length === 0 && !tasks.includes('not create')) return '';
    const what = more.length > 0 ? `Node waits for ${[...new Set(more)].join(', ')}: a` : 'A';
    const timers = more.includes('Timeout') ? '; for timers, see the option patch' : '';
    return `\n  ${what} simulation does not wait for anything real${timers}`;
  };
}
