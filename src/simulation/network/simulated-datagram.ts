import { Buffer } from 'node:buffer';
import { osError } from '../../base/errors/os-errors.ts';
import type { Address } from '../../sock/addresses/address.ts';
import { IPPROTO_UDP } from '../../sock/constants/constants.ts';
import { MemoryDatagramEndpoint } from '../../sock/drivers/memory/datagram-endpoint.ts';
import type { MemorySystem } from '../../sock/drivers/memory/memory-system.ts';
import { isAny } from '../../sock/drivers/memory/network.ts';
import type { Kernel } from './network.ts';
import { addressIn } from './simulated-stream.ts';

/** A UDP socket of a simulated host. */
export class SimulatedDatagram extends MemoryDatagramEndpoint {
  readonly kernel: Kernel;

  constructor(kernel: Kernel & MemorySystem, family: number, proto: number) {
    super(family, proto, kernel);
    this.kernel = kernel;
  }

  protected override deliver(data: Uint8Array, address: Address): number {
    this.checkLength(data);
    this.bindToAny(address);
    this.countWritten(data.length);
    const { network } = this.kernel;
    const target = network.kernelAt(address[0] as string, this.kernel);
    if (target === undefined) return data.length;
    const path = network.path(this.kernel, target);
    const copy = Buffer.from(data);
    const own = this.own as Address;
    const from = isAny(own[0] as string)
      ? addressIn(
          this.family,
          this.kernel.sourceFor(this.family, address)[0] as string,
          own[1] as number,
        )
      : own;
    network.trace.sent(path, 'datagram', copy, 0);
    network.sendDatagram(path, data.length, () => {
      const receiver = target.inetDatagrams.find(address) as SimulatedDatagram | undefined;
      if (receiver !== undefined) receiver._receive(copy, from);
      else if (this.peerName !== undefined)
        network.sendDatagram(network.path(target, this.kernel), 0, () => this._refused());
    });
    return data.length;
  }

  protected override bindToAny(to: Address): void {
    if (this.own === undefined) this.bind(this.kernel.sourceFor(this.family, to));
  }

  override bind(address: Address): void {
    this.check('bind');
    if (this.own !== undefined) throw osError('EINVAL', 'bind');
    this.kernel.checkOwn(address);
    this.own = this.kernel.inetDatagrams.bind(address, this);
  }

  protected override leave(): void {
    if (this.own !== undefined) this.kernel.inetDatagrams.release(this.own);
    this.own = undefined;
    super.leave();
  }

  protected override defaultProto(): number {
    return IPPROTO_UDP;
  }
}
