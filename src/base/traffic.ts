/** Called at each read and write of a socket or pipe. */
export type TrafficWatch = (
  end: { readonly driver: string; fileno(): number },
  what: 'read' | 'write',
  nbytes: number,
) => void;

/** Its `watch` is set while the traffic is being watched. */
export const traffic: { watch: TrafficWatch | undefined } = { watch: undefined };
