/**
 * Node modules that take time to load. Each is loaded on first use, so that programs that do not
 * need it start sooner.
 */
import type * as ChildProcess from 'node:child_process';
import type * as Dgram from 'node:dgram';
import type * as Dns from 'node:dns';
import type * as FsPromises from 'node:fs/promises';
import type Module from 'node:module';
import type * as Net from 'node:net';
import type Stream from 'node:stream';
import type * as Tls from 'node:tls';
import type * as Tty from 'node:tty';
import type * as V8 from 'node:v8';
import type * as Vm from 'node:vm';
import type * as WorkerThreads from 'node:worker_threads';

const load = process.getBuiltinModule;

/** Returns a function that calls `make` on the first call, and returns that result from then on. */
export function lazily<Value>(make: () => Value): () => Value {
  let value: Value | undefined;
  return () => (value ??= make());
}

export const childProcess: () => typeof ChildProcess = lazily(() => load('node:child_process'));
export const dgram: () => typeof Dgram = lazily(() => load('node:dgram'));
export const dns: () => typeof Dns = lazily(() => load('node:dns'));
export const fsPromises: () => typeof FsPromises = lazily(() => load('node:fs/promises'));
export const module: () => typeof Module = lazily(() => load('node:module'));
export const net: () => typeof Net = lazily(() => load('node:net'));
export const stream: () => typeof Stream = lazily(() => load('node:stream'));
export const tls: () => typeof Tls = lazily(() => load('node:tls'));
export const tty: () => typeof Tty = lazily(() => load('node:tty'));
export const v8: () => typeof V8 = lazily(() => load('node:v8'));
export const vm: () => typeof Vm = lazily(() => load('node:vm'));
export const workerThreads: () => typeof WorkerThreads = lazily(() => load('node:worker_threads'));
