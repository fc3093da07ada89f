import { FakeDescriptors } from './fake-descriptors.ts';
import type { MemoryEndpoint } from './memory-endpoint.ts';
import { Network } from './network.ts';

/** Shared by all sockets in memory that can reach each other. */
export interface MemorySystem {
  readonly streams: Network<MemoryEndpoint>;
  readonly datagrams: Network<MemoryEndpoint>;
  readonly descriptors: FakeDescriptors;
}

/** High enough not to be mistaken for a real descriptor. */
const FIRST_DESCRIPTOR = 10_000;

/** The memory driver's. */
export const memorySystem: MemorySystem = {
  streams: new Network(),
  datagrams: new Network(),
  descriptors: new FakeDescriptors('memory', FIRST_DESCRIPTOR, Number.POSITIVE_INFINITY),
};
