/** Task groups: the order in which their tasks begin and end, and groups within groups. */
import { run, sleep, type Task, type TaskGroup, taskGroup } from '../../src/index.ts';
import { print } from '../support/print.ts';

async function child(name: string, turns: number): Promise<string> {
  for (let turn = 0; turn < turns; turn += 1) {
    print(name, turn);
    await sleep(0);
  }
  print(name, 'ends');
  return name;
}

async function main(): Promise<void> {
  const [a, b] = (await taskGroup(async (group): Promise<Task<string>[]> => {
    const tasks = [group.createTask(() => child('a', 3)), group.createTask(() => child('b', 1))];
    print('body', ...tasks.map((task) => task.done()));
    return tasks;
  })) as [Task<string>, Task<string>];
  print('left', a.result(), b.result());

  await taskGroup(async (outer) => {
    outer.createTask(() => child('c', 4));
    await taskGroup(async (inner) => {
      inner.createTask(() => child('d', 2));
      print('inner body');
    });
    print('inner left');
    outer.createTask(() => child('e', 1));
    await sleep(0);
    print('outer body');
  });
  print('outer left');

  await taskGroup(async () => {
    print('empty');
  });
  print('empty left');

  async function spawns(group: TaskGroup, depth: number): Promise<void> {
    print('spawns', depth);
    if (depth > 0) group.createTask(() => spawns(group, depth - 1));
    await sleep(0);
    print('spawned', depth);
  }

  await taskGroup(async (group) => {
    group.createTask(() => spawns(group, 3));
  });
  print('all left');
}

await run(main);
