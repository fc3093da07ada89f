import { FakeDescriptors } from './fake-descriptors.ts';
import type { MemoryEndpoint } from './memory-endpoint.ts';
import { Network } from './network.ts';

/** What sockets in memory share with those that they can reach. */
export interface MemorySystem {
  readonly streams: Network<MemoryEndpoint>;
  readonly datagrams: Network<MemoryEndpoint>;
  readonly descriptors: FakeDescriptors;
}

/** Descriptors begin where a process seldom gets, so that one is not taken for a real one. */
const FIRST_DESCRIPTOR = 10_000;

/** That of the memory driver. */
export const memorySystem: MemorySystem = {
  streams: new Network(),
  datagrams: new Network(),
  descriptors: new FakeDescriptors('memory', FIRST_DESCRIPTOR, Number.POSITIVE_INFINITY),
};
