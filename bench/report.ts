import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import type { Figures } from './figures.ts';
import type { BenchOptions } from './options.ts';
import { drawn, picture, type Role } from './picture.ts';
import { versions } from './programs.ts';
import { YARDSTICKS } from './subjects.ts';
import { microTable, serverTable } from './tables.ts';

/** Prints the tables, and writes the files that were asked for. */
export function report(options: BenchOptions, figures: Figures, wire: string | undefined): void {
  const { rounds, seconds, loads } = options;
  const processors = cpus();
  const programs = versions().join(', ');
  const machine = [
    `${process.platform} ${process.arch}`,
    `${processors.length} × ${processors[0]?.model.trim() || 'unknown processor'}`,
  ].join(', ');
  const how = [
    `medians of ${rounds} ${rounds === 1 ? 'round' : 'rounds'}`,
    ...(wire === undefined ? [] : [`of ${seconds} s; the client is on ${wire}`]),
  ].join(' ');
  console.log(`${programs}\n${machine}\n${how}\n`);
  for (const load of loads) console.log(`${serverTable(load, figures.servers)}\n`);
  if (figures.micro.length > 0) console.log(`${microTable(figures)}\n`);
  for (const { name, why } of figures.leftOut) console.log(`left out: ${name}: ${why}`);
  if (options.json !== undefined) {
    const all = { programs, machine, rounds, seconds, client: wire, ...figures };
    writeFileSync(options.json, `${JSON.stringify(all, undefined, 2)}\n`);
  }
  const load = drawn(loads);
  if (options.svg !== undefined && load !== undefined)
    writeFileSync(
      options.svg,
      picture(load, figures.servers, [programs, `${machine}; ${how}`], roleOf),
    );
}

function roleOf(server: string): Role {
  if (server.startsWith('asyncio-ts')) return 'ours';
  return server === YARDSTICKS.limit ? 'limit' : 'other';
}
