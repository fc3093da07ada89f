/** asyncio's module `subprocess`: constants and classes for child processes. */
export { Process } from './streams/subprocess/process.ts';
export { SubprocessStreamProtocol } from './streams/subprocess/subprocess-protocol.ts';
export { DEVNULL, PIPE, STDOUT } from './transports/subprocess/options.ts';
