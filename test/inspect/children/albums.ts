import * as asyncio from '../../../src/index.ts';

async function play(track: string): Promise<void> {
  await asyncio.sleep(5);
  console.log(`finished: ${track}`);
}

async function album(tracks: readonly string[]): Promise<void> {
  await asyncio.taskGroup((group) => {
    for (const track of tracks) group.createTask(() => play(track), { name: track });
  });
}

async function main(): Promise<void> {
  await asyncio.taskGroup((group) => {
    group.createTask(() => album(['TNDNBTG', 'Levitate']), { name: 'Sundowning' });
    group.createTask(() => album(['DYWTYLM', 'Aqua Regia']), { name: 'TMBTE' });
  });
}

console.log('playing');
await asyncio.run(main);
