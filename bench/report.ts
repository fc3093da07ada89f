import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import type { Figures } from './figures.ts';
import { addToHistory } from './history.ts';
import { nameOf } from './loads.ts';
import type { BenchOptions } from './options.ts';
import { drawn, picture, type Role } from './picture.ts';
import { versions } from './programs.ts';
import { YARDSTICKS } from './subjects.ts';
import { microTable, serverTable } from './tables.ts';

/** Prints the tables, and writes the requested files. */
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
  const measured = loads.filter((load) =>
    figures.servers.some((figure) => figure.load === nameOf(load)),
  );
  for (const load of measured) console.log(`${serverTable(load, figures.servers)}\n`);
  if (figures.micro.length > 0) console.log(`${microTable(figures)}\n`);
  for (const { name, why } of figures.leftOut) console.log(`left out: ${name}: ${why}`);
  if (options.json !== undefined) {
    const all = { programs, machine, rounds, seconds, client: wire, ...figures };
    writeFileSync(options.json, `${JSON.stringify(all, undefined, 2)}\n`);
  }
  if (options.history !== undefined) addToHistory(options.history, figures, programs);
  if (options.svg !== undefined)
    writeFileSync(
      options.svg,
      picture(drawn(measured), figures.servers, [programs, `${machine}; ${how}`], roleOf),
    );
}

function roleOf(server: string): Role {
  if (server.startsWith('asyncio-ts')) return 'ours';
  return server === YARDSTICKS.limit ? 'limit' : 'other';
}
