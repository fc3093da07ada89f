import type { Address } from '../../sock/addresses/address.ts';
import { MemoryDatagramEndpoint } from '../../sock/drivers/memory/datagram-endpoint.ts';
import type { MemorySystem } from '../../sock/drivers/memory/memory-system.ts';
import type { Kernel } from './network.ts';

/** A UDP socket of a simulated host. */
export class SimulatedDatagram extends MemoryDatagramEndpoint {
  readonly kernel: Kernel;

  constructor(kernel: Kernel & MemorySystem, family: number, proto: number) {
    super(family, proto, kernel, kernel.inetDatagrams);
    this.kernel = kernel;
  }

  protected override carry(data: Buffer, from: Address, address: Address): boolean {
    const { network } = this.kernel;
    const target = network.kernelAt(address[0] as string, this.kernel);
    if (target === undefined) return true;
    const path = network.path(this.kernel, target);
    network.trace.sent(path, 'datagram', data, 0);
    network.sendDatagram(path, data.length, () => {
      const receiver = target.inetDatagrams.find(address) as SimulatedDatagram | undefined;
      if (receiver?._hears(from)) receiver._receive(data, from);
      else if (this.peerName !== undefined)
        network.sendDatagram(network.path(target, this.kernel), 0, () => this._refused());
    });
    return true;
  }

  protected override sourceFor(to: Address, syscall: string): Address {
    return this.kernel.sourceFor(this.family, to, syscall);
  }

  protected override checkAddress(address: Address): void {
    this.kernel.checkOwn(address);
  }
}
