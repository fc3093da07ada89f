import { checkText } from '../../base/check-types.ts';
import { OSError } from '../../base/errors/os-errors.ts';
import { checkWhole } from '../../base/numbers.ts';
import { linesOf } from './system-files.ts';

/**
 * The port of a service, by name, from the system's services file.
 *
 * @param protocol - `'tcp'` or `'udp'`; by default either
 * @throws {OSError} when there is no such service
 */
export function getservbyname(name: string, protocol?: string): number {
  checkText(name, 'getservbyname(): name');
  checkProtocol(protocol, 'getservbyname');
  const port = portOfService(name, protocol);
  if (port === undefined) throw new OSError('service/proto not found');
  return port;
}

/** As {@link getservbyname}; `undefined` if there is no such service. */
export function portOfService(name: string, protocol?: string): number | undefined {
  for (const { names, port, proto } of services())
    if (names.includes(name) && (protocol ?? proto) === proto) return port;
  return undefined;
}

/**
 * The name of a service, by port, from the system's services file.
 *
 * @param protocol - `'tcp'` or `'udp'`; by default either
 * @throws {OSError} when there is no such service
 * @throws {RangeError} when the port is not an integer from 0 to 65535
 */
export function getservbyport(port: number, protocol?: string): string {
  checkWhole(port, 0, 65_535, 'getservbyport(): port');
  checkProtocol(protocol, 'getservbyport');
  const name = serviceOfPort(port, protocol);
  if (name === undefined) throw new OSError('port/proto not found');
  return name;
}

/** As {@link getservbyport}; `undefined` if there is no such service. */
export function serviceOfPort(port: number, protocol?: string): string | undefined {
  for (const service of services())
    if (service.port === port && (protocol ?? service.proto) === service.proto)
      return service.names[0];
  return undefined;
}

/**
 * The number of a protocol, by name, from the system's protocols file.
 *
 * @throws {OSError} when there is no such protocol
 */
export function getprotobyname(name: string): number {
  checkText(name, 'getprotobyname(): name');
  for (const [first, number, ...aliases] of linesOf('protocols'))
    if (first === name || aliases.includes(name)) return Number(number);
  throw new OSError('protocol not found');
}

interface Service {
  readonly names: readonly string[];
  readonly port: number;
  readonly proto: string | undefined;
}

function* services(): Generator<Service> {
  for (const [name = '', where = '', ...aliases] of linesOf('services')) {
    const [port, proto] = where.split('/');
    yield { names: [name, ...aliases], port: Number(port), proto };
  }
}

function checkProtocol(protocol: unknown, caller: string): void {
  if (protocol !== undefined) checkText(protocol, `${caller}(): protocol`);
}
