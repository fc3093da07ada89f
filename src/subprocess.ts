/** asyncio's module `subprocess`: what is said of child processes, and what they are. */
export { Process } from './streams/subprocess/process.ts';
export { SubprocessStreamProtocol } from './streams/subprocess/subprocess-protocol.ts';
export { DEVNULL, PIPE, STDOUT } from './transports/subprocess/options.ts';
