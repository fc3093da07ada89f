/** Notes what Node waits for now; the function says, in words, what is more later. */
export function watchRealWaits(): () => string {
  const before = process.getActiveResourcesInfo();
  return () => {
    const more = process.getActiveResourcesInfo().filter((name) => name !== 'Immediate');
    for (const name of before) if (more.includes(name)) more.splice(more.indexOf(name), 1);
    if (more.length === 0) return '';
    const timers = more.includes('Timeout') ? '; for timers, see the option patch' : '';
    return `\n  Node waits for ${[...new Set(more)].join(', ')}: a simulation does not wait for anything real${timers}`;
  };
}
