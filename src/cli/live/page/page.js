// The live page of `asyncio-ts inspect`. Names are untrusted: text is only ever set as text.

/** The height of a row, in pixels. */
const ROW = 24;
/** The length of the timeline, in seconds. */
const MINUTE = 60;
/** The most columns on each side of a graph, and tasks in each column. */
const MOST = { depth: 3, column: 8 };

const FOREIGN = 'a promise that asyncio-ts did not create';
const KINDS = [
  ['tasks', 'tasks', /^(?:gather|taskGroup|wait|shield|asCompleted|enter)$/],
  ['locks', 'locks and queues', /^(?:Lock|Condition|Event|Semaphore|Barrier|Queue|Channel)/],
  ['time', 'time', /^sleep/],
  ['foreign', 'other promises', /^$/],
  ['system', 'the network, files, processes', /./],
];

const byId = (id) => document.getElementById(id);

function make(tag, className, text = '') {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.textContent = text;
  return element;
}

function draw(tag, attributes, ...children) {
  const element = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

const state = {
  tab: 'tasks',
  filter: '',
  isPaused: false,
  chosen: undefined,
  folded: new Set(),
  rows: [],
};
/** Tasks by key, with those that await it and those that it awaits. */
let tasks = new Map();
let snapshots = [];
/** The last minute of each task, by key. */
const lives = new Map();
/** How busy the loop was in each interval, from 0 to 1. */
let load = [];
let now = 0;
let inCycle = new Set();

// ── snapshots ──────────────────────────────────────────────────────────────────────────────────

function take(taken) {
  const before = snapshots[0];
  snapshots = taken;
  now = Date.parse(taken[0].at) / 1000;
  tasks = new Map();
  for (const { process, loops } of taken)
    for (const loop of loops)
      for (const task of loop.tasks) {
        const key = `${process.thread}/${task.id}`;
        complete(key, task);
        const keys = (ids) => ids.map((id) => `${process.thread}/${id}`);
        const next = [...new Set(task.waits.flatMap((wait) => keys(wait.for)))];
        tasks.set(key, { ...task, key, thread: process.thread, next, by: keys(task.awaitedBy) });
      }
  for (const [key, task] of tasks) note(key, task);
  for (const [key, life] of lives) {
    if (!tasks.has(key)) life.end ??= now;
    if (life.end < now - MINUTE) lives.delete(key);
    life.waits = life.waits.filter(({ to }) => to > now - MINUTE);
  }
  noteLoad(before, taken[0]);
  showDeadlocks(taken.flatMap(({ deadlocks }) => deadlocks));
}

/** Adds a wait for a foreign promise, which snapshots leave out, from when it was first seen. */
function complete(key, task) {
  if (task.waits.length > 0 || task.state !== 'waiting') return;
  const life = lives.get(key);
  const known = life?.waits.findLast(({ kind, to }) => kind === 'foreign' && to === life.seen);
  const seconds = now - (known?.from ?? now);
  task.waits = [{ words: FOREIGN, stack: task.stack, for: [], seconds }];
}

function note(key, task) {
  const life = lives.get(key) ?? { name: task.name, begin: now - task.age, waits: [], cancels: [] };
  lives.set(key, life);
  life.name = task.name;
  for (const wait of task.waits) {
    const from = now - wait.seconds;
    const kind = kindOf(wait);
    const known = life.waits.find((one) => one.kind === kind && Math.abs(one.from - from) < 0.2);
    if (known) known.to = now;
    else life.waits.push({ kind, from, to: now, words: wait.words });
  }
  if (task.cancelling > (life.cancelling ?? 0)) life.cancels.push(now);
  life.cancelling = task.cancelling;
  life.seen = now;
}

function noteLoad(before, after) {
  const share = (a, b) => (b.active - a.active) / (b.active - a.active + b.idle - a.idle);
  const [a, b] = [before?.loops[0], after.loops[0]];
  const seconds = before && (Date.parse(after.at) - Date.parse(before.at)) / 1000;
  if (before)
    load.push({ from: now - seconds, to: now, share: share(before.busy, after.busy) || 0 });
  load = load.filter(({ to }) => to > now - MINUTE);
  const count = tasks.size;
  const turns = a && b && (b.turns - a.turns) / seconds;
  const { pid, node, uptime } = after.process;
  byId('what').textContent = `Process ${pid}`;
  document.title = `${pid}: ${count} tasks`;
  const busy = load.length > 0 ? `, ${Math.round(load.at(-1).share * 100)} % busy` : '';
  byId('how').textContent =
    `Node ${node}, up ${duration(uptime)}, ${count} tasks` +
    (turns >= 0 ? `, ${Math.round(turns)} turns/s` : '') +
    busy;
}

function kindOf({ operation = '', words }) {
  if (words === FOREIGN) return 'foreign';
  if (operation === '') return 'tasks';
  return KINDS.find(([, , pattern]) => pattern.test(operation))[0];
}

/** Shows the deadlocks, each given as the keys of its tasks. */
function showDeadlocks(deadlocks) {
  inCycle = new Set(deadlocks.flat());
  const [shown = []] = deadlocks;
  byId('alarm').hidden = shown.length === 0;
  byId('alarm').textContent = `Deadlock: ${shown.map((key) => tasks.get(key).name).join(' → ')}`;
}

// ── rows ───────────────────────────────────────────────────────────────────────────────────────

function addTo(lists, key, value) {
  if (lists.has(key)) lists.get(key).push(value);
  else lists.set(key, [value]);
}

function rowsOfTasks() {
  const children = new Map();
  const roots = [];
  for (const task of tasks.values()) {
    const parent = task.by.find((key) => tasks.has(key) && key !== task.key);
    if (parent === undefined) roots.push(task.key);
    else addTo(children, parent, task.key);
  }
  const rows = [];
  const seen = new Set();
  const walk = (first, atLevel, isUnseen) => {
    const left = [{ key: first, level: atLevel, isHidden: isUnseen }];
    for (let row = left.pop(); row; row = left.pop()) {
      const { key, level, isHidden, inside } = row;
      const isFolded = isHidden || state.folded.has(key);
      if (inside) {
        if (!isHidden) rows.push(row);
        for (const one of inside.toReversed())
          left.push({ key: one, level: level + 1, isHidden: isFolded });
        continue;
      }
      if (seen.has(key)) continue;
      seen.add(key);
      const task = tasks.get(key);
      const below = children.get(key) ?? [];
      if (!isHidden) rows.push({ ...row, task, hasMore: below.length > 0 });
      const waits = new Map(task.waits.flatMap((wait) => wait.for.map((id) => [id, wait])));
      const groups = new Map();
      for (const one of below) addTo(groups, waits.get(tasks.get(one).id)?.operation ?? '', one);
      for (const [group, keys] of [...groups].reverse())
        if (group) {
          const more = { group, inside: keys, hasMore: true, isHidden: isFolded };
          left.push({ key: `${key} ${group}`, level: level + 1, ...more });
        } else
          for (const one of keys.reverse())
            left.push({ key: one, level: level + 1, isHidden: isFolded });
    }
  };
  const threads = new Set([...tasks.values()].map(({ thread }) => thread));
  for (const thread of threads) {
    const key = `thread ${thread}`;
    const title = thread ? key : 'main thread';
    if (threads.size > 1) rows.push({ key, level: 0, hasMore: true, title });
    for (const root of roots)
      if (tasks.get(root).thread === thread)
        walk(root, threads.size > 1 ? 1 : 0, state.folded.has(key));
  }
  // Tasks that are only awaited in a cycle.
  for (const key of tasks.keys()) walk(key, 0, false);
  const ended = [...lives]
    .filter(([, life]) => life.end)
    .map(([key, life]) => ({ key, level: 1, life }));
  if (ended.length > 0) {
    rows.push({
      key: 'ended',
      level: 0,
      hasMore: true,
      title: `ended in the last minute (${ended.length})`,
    });
    if (!state.folded.has('ended')) rows.push(...ended.reverse());
  }
  return rows;
}

const RATE = ['B', 'kB', 'MB', 'GB'];

function bytes(count) {
  if (count === undefined) return '';
  const at = Math.min(3, Math.floor(Math.log10(Math.max(count, 1)) / 3));
  return `${(count / 1000 ** at).toFixed(at && 1)} ${RATE[at]}`;
}

function rowsOfConnections() {
  return eachLoop(({ transports }, thread) =>
    transports.map((one) => {
      const { id, words, peername, connections, received, sent, unsent, paused, idle } = one;
      const address = (value) => (Array.isArray(value) ? `${value[0]}:${value[1]}` : value);
      const facts = [
        connections !== undefined && `${connections} connections`,
        received !== undefined && `${bytes(received)} in`,
        sent !== undefined && `${bytes(sent)} out`,
        unsent > 0 && `${bytes(unsent)} wait to be sent`,
        paused && 'paused',
      ];
      return {
        key: `connection ${thread}/${id}`,
        level: 0,
        title: (peername && address(peername)) || words,
        facts: facts.filter(Boolean).join(', '),
        seconds: idle,
        about: one,
      };
    }),
  );
}

function rowsOfLocks() {
  return eachLoop(({ primitives }, thread) =>
    primitives.map((one) => {
      const names = (ids) => ids.map((id) => tasks.get(`${thread}/${id}`)?.name ?? '?');
      const held = one.heldBy.length > 0 ? `, held by ${names(one.heldBy).join(', ')}` : '';
      return {
        key: `lock ${thread} ${one.words}`,
        level: 0,
        title: one.words,
        facts: `${one.waiters.length} wait${held}`,
        tasksOf: [...one.heldBy, ...one.waiters].map((id) => `${thread}/${id}`),
      };
    }),
  );
}

function eachLoop(rowsOf) {
  return snapshots.flatMap(({ process, loops }) =>
    loops.flatMap((loop) => rowsOf(loop, process.thread)),
  );
}

function textOf({ task, life, title = '', facts = '' }) {
  if (!task) return `${life?.name ?? title} ${facts}`;
  return `${task.name} ${task.coroutine.name} ${task.waits.map(({ words }) => words).join(' ')}`;
}

function update() {
  const rows =
    state.tab === 'tasks'
      ? rowsOfTasks()
      : state.tab === 'locks'
        ? rowsOfLocks()
        : rowsOfConnections();
  const wanted = state.filter.toLowerCase();
  state.rows = wanted
    ? rows
        .filter(
          (row) => !row.group && row.key !== 'ended' && textOf(row).toLowerCase().includes(wanted),
        )
        .map((row) => ({ ...row, level: 0, hasMore: false }))
    : rows;
  if (state.chosen === undefined && state.rows.length > 0)
    state.chosen = [...inCycle][0] ?? state.rows[0].key;
  byId('sizer').style.height = `${state.rows.length * ROW}px`;
  showRows();
  showDetail();
}

function showRows() {
  const list = byId('list');
  const first = Math.max(0, Math.floor(list.scrollTop / ROW) - 4);
  const last = Math.min(state.rows.length, first + Math.ceil(list.clientHeight / ROW) + 8);
  const shown = [];
  for (let at = first; at < last; at += 1) shown.push(showRow(state.rows[at], at));
  if (state.rows.length === 0) shown.push(make('p', 'row dim', 'nothing'));
  byId('sizer').replaceChildren(...shown);
  const at = state.rows.findIndex(({ key }) => key === state.chosen);
  if (at >= first && at < last) list.setAttribute('aria-activedescendant', `row-${at}`);
  else list.removeAttribute('aria-activedescendant');
}

function showRow(row, at) {
  const { key, level, hasMore, task, life, group, inside, title, facts, seconds } = row;
  const element = make('div', `row${group ? ' group' : task || facts ? '' : ' thread'}`);
  element.id = `row-${at}`;
  element.style.top = `${at * ROW}px`;
  element.setAttribute('role', 'treeitem');
  element.setAttribute('aria-level', level + 1);
  element.setAttribute('aria-posinset', at + 1);
  element.setAttribute('aria-setsize', state.rows.length);
  element.setAttribute('aria-selected', key === state.chosen);
  const isFolded = state.folded.has(key);
  if (hasMore) element.setAttribute('aria-expanded', !isFolded);
  const label = task?.name ?? life?.name ?? title ?? `${group} (${inside.length})`;
  const name = make('span', `name${inCycle.has(key) || task?.cancelling ? ' bad' : ''}`);
  name.style.paddingLeft = `${Math.min(level, 12) * 14}px`;
  name.append(make('span', 'fold', hasMore ? (isFolded ? '▸' : '▾') : ''), label);
  name.title = label;
  const wait = task?.waits[0];
  const words = facts ?? (task ? (wait?.words ?? task.state) : life ? 'ended' : '');
  const more = task?.waits.length > 1 ? ` and ${task.waits.length - 1} more` : '';
  const cell = make('span', 'wait', words + more);
  cell.title = words;
  const since = make('span', 'since', duration(seconds ?? wait?.seconds));
  element.append(name, cell, since);
  if (state.tab === 'tasks') {
    const lane = make('span', 'lane');
    const known = lives.get(key);
    if (known) lane.append(drawLife(known, 24));
    element.append(lane);
  }
  return element;
}

// ── timeline ───────────────────────────────────────────────────────────────────────────────────

const WIDTH = 600;
const xOf = (time) => Math.max(0, Math.min(1, 1 - (now - time) / MINUTE)) * WIDTH;

function bar(from, to, y, height, className, title) {
  const x = xOf(from);
  const rect = draw('rect', {
    x,
    y,
    height,
    width: Math.max(2, xOf(to) - x),
    class: className,
    rx: 1,
  });
  if (title) rect.append(draw('title', {}, title));
  return rect;
}

function drawLife(life, height) {
  const end = life.end ?? now;
  const middle = height / 2;
  return draw(
    'svg',
    { viewBox: `0 0 ${WIDTH} ${height}`, preserveAspectRatio: 'none', 'aria-hidden': true },
    bar(life.begin, end, middle - 1, 2, 'life'),
    ...life.waits.map(({ kind, from, to, words }) => bar(from, to, middle - 5, 10, kind, words)),
    ...life.cancels.map((at) => bar(at - 0.2, at + 0.2, middle - 10, 20, 'cancel', 'cancelled')),
  );
}

function showHead() {
  const head = byId('head');
  const titles = {
    tasks: ['task', 'waits for', 'for'],
    connections: ['peer', '', 'idle'],
    locks: ['', '', ''],
  };
  const [name, wait, since] = titles[state.tab];
  head.replaceChildren(
    make('span', 'name', name),
    make('span', 'wait', wait),
    make('span', 'since', since),
  );
  if (state.tab !== 'tasks') return;
  const lane = make('span', 'lane');
  const marks = make('span', 'marks');
  for (const ago of [60, 40, 20]) marks.append(make('span', '', `-${ago} s`));
  lane.append(
    draw(
      'svg',
      {
        role: 'img',
        'aria-label': 'how busy the loop was',
        viewBox: `0 0 ${WIDTH} 20`,
        preserveAspectRatio: 'none',
      },
      ...load.map(({ from, to, share }) =>
        bar(
          from,
          to,
          20 - share * 20,
          share * 20,
          share > 0.9 ? 'cancel' : 'busy',
          `${Math.round(share * 100)} % busy`,
        ),
      ),
    ),
  );
  lane.append(marks);
  head.append(lane);
}

// ── details ────────────────────────────────────────────────────────────────────────────────────

function showDetail() {
  const detail = byId('detail');
  const row = state.rows.find(({ key }) => key === state.chosen);
  const task = tasks.get(state.chosen);
  const parts = [];
  if (task) {
    parts.push(make('h2', '', task.name));
    const by = task.cancelledBy ? ` by ${task.cancelledBy}` : '';
    const { name, site } = task.coroutine;
    const facts = [
      `${name}${site ? ` (${site})` : ''}, ${task.state}, ${duration(task.age)} old`,
      task.cancelling > 0 && `cancelled${by}`,
      inCycle.has(task.key) && 'part of a deadlock',
    ];
    for (const [at, fact] of facts.entries())
      if (fact) parts.push(make('p', at ? 'bad' : 'dim', fact));
    for (const wait of task.waits) {
      parts.push(make('h3', '', `Waits for ${duration(wait.seconds)}`), make('p', '', wait.words));
      const stack = make('ol');
      for (const { name: called, file, line, column } of wait.stack) {
        const frame = make('li');
        frame.append(
          make('b', '', called),
          ` ${file.split('/').slice(-2).join('/')}:${line}:${column}`,
        );
        frame.title = `${file}:${line}:${column}`;
        stack.append(frame);
      }
      parts.push(stack);
    }
    parts.push(make('h3', '', 'The last minute'), longLane(lives.get(task.key)));
    parts.push(make('h3', '', 'Tasks that wait for each other'), drawGraph(task));
  } else if (lives.has(state.chosen)) {
    const life = lives.get(state.chosen);
    parts.push(
      make('h2', '', life.name),
      make('p', 'dim', `ended ${duration(now - life.end)} ago`),
      longLane(life),
    );
  } else if (row?.about || row?.tasksOf) {
    parts.push(make('h2', '', row.title), make('p', 'dim', row.facts));
    if (row.about) parts.push(make('p', '', row.about.words));
    for (const key of row.tasksOf ?? []) parts.push(goTo(key));
  } else parts.push(make('p', 'dim', 'Select a task to see where it waits.'));
  const { scrollTop } = detail;
  detail.replaceChildren(...parts);
  detail.scrollTop = scrollTop;
}

function longLane(life) {
  const lane = make('div', 'longlane');
  lane.append(drawLife(life, 24));
  return lane;
}

function goTo(key) {
  const button = make('button', '', tasks.get(key)?.name ?? '?');
  button.addEventListener('click', () => choose(key, 'tasks'));
  return button;
}

/** Draws the tasks that wait for a task on its left, and those it waits for on its right. */
function drawGraph(task) {
  const waiters = new Map();
  for (const { key, next } of tasks.values()) for (const other of next) addTo(waiters, other, key);
  const columns = new Map([[0, [task.key]]]);
  const at = new Map([[task.key, 0]]);
  const edges = [];
  const spread = (step, nextOf) => {
    let here = [task.key];
    for (let depth = 1; depth <= MOST.depth && here.length > 0; depth += 1) {
      const column = [];
      for (const key of here)
        for (const other of nextOf(key)) {
          if (!tasks.has(other)) continue;
          if (!at.has(other)) {
            column.push(other);
            at.set(other, depth * step);
          }
          edges.push(step > 0 ? [key, other] : [other, key]);
        }
      if (column.length > 0) columns.set(depth * step, column);
      here = column.slice(0, MOST.column);
    }
  };
  spread(1, (key) => tasks.get(key).next);
  spread(-1, (key) => waiters.get(key) ?? []);
  const first = Math.min(...columns.keys());
  const places = new Map();
  const nodes = [];
  let height = 0;
  for (const [column, keys] of columns) {
    const x = (column - first) * 148 + 4;
    for (const [index, key] of keys.entries()) {
      const y = index * 34 + 4;
      height = Math.max(height, y + 34);
      if (index === MOST.column) {
        nodes.push(draw('text', { x, y: y + 16, class: 'dim' }, `and ${keys.length - index} more`));
        break;
      }
      places.set(key, { x, y });
      nodes.push(drawNode(key, x, y, key === task.key));
    }
  }
  const lines = [...new Set(edges.map((edge) => edge.join(' ')))].flatMap((edge) => {
    const [from, to] = edge.split(' ');
    const [a, b] = [places.get(from), places.get(to)];
    if (!a || !b) return [];
    const [x1, y1, x2, y2] = [a.x + 124, a.y + 13, b.x, b.y + 13];
    const isBack = x2 <= x1;
    const bend = isBack ? 40 : (x2 - x1) / 2;
    // A line back to the left passes below the boxes.
    const low = isBack ? 32 : 0;
    if (isBack) height = Math.max(height, y1 + low + 8, y2 + low + 8);
    const d = `M${x1} ${y1}C${x1 + bend} ${y1 + low} ${x2 - bend} ${y2 + low} ${x2} ${y2}`;
    const isBad = inCycle.has(from) && inCycle.has(to);
    return [draw('path', { d, class: isBad ? 'bad' : '', 'marker-end': 'url(#tip)' })];
  });
  const width = columns.size * 148;
  const tip = {
    id: 'tip',
    viewBox: '0 0 6 6',
    refX: 6,
    refY: 3,
    markerWidth: 6,
    markerHeight: 6,
    orient: 'auto',
  };
  const graph = make('div', 'graph');
  graph.append(
    draw(
      'svg',
      {
        width,
        height,
        viewBox: `0 0 ${width} ${height}`,
        role: 'group',
        'aria-label': 'tasks that wait for each other',
      },
      draw('marker', tip, draw('path', { d: 'M0 0L6 3L0 6' })),
      ...lines,
      ...nodes,
    ),
  );
  return graph;
}

function drawNode(key, x, y, isMe) {
  const { name } = tasks.get(key);
  const short = name.length > 17 ? `${name.slice(0, 16)}…` : name;
  const node = draw(
    'g',
    { class: isMe ? 'node me' : 'node', tabindex: 0, role: 'button' },
    draw('title', {}, name),
    draw('rect', { x, y, width: 124, height: 26, rx: 5 }),
    draw('text', { x: x + 8, y: y + 17 }, short),
  );
  const go = () => choose(key, 'tasks');
  node.addEventListener('click', go);
  node.addEventListener('keydown', ({ key: pressed }) => pressed === 'Enter' && go());
  return node;
}

function duration(seconds) {
  if (seconds === undefined) return '';
  if (seconds < 100) return `${seconds.toFixed(1)} s`;
  return seconds < 6000 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}

// ── input ──────────────────────────────────────────────────────────────────────────────────────

function choose(key, tab = state.tab) {
  state.chosen = key;
  if (tab !== state.tab) showTab(tab);
  const list = byId('list');
  const at = state.rows.findIndex((row) => row.key === key);
  const top = at * ROW;
  if (at >= 0 && top < list.scrollTop) list.scrollTop = top;
  else if (at >= 0 && top + ROW > list.scrollTop + list.clientHeight)
    list.scrollTop = top + ROW - list.clientHeight;
  showRows();
  showDetail();
}

function fold(key, isFolded) {
  if (isFolded) state.folded.add(key);
  else state.folded.delete(key);
  update();
}

function showTab(tab) {
  state.tab = tab;
  for (const id of ['tasks', 'connections', 'locks'])
    byId(id).setAttribute('aria-pressed', id === tab);
  byId('list').setAttribute('aria-label', byId(tab).textContent);
  byId('list').scrollTop = 0;
  showHead();
  update();
}

function pause(isPaused) {
  state.isPaused = isPaused;
  byId('pause').setAttribute('aria-pressed', isPaused);
  byId('pause').textContent = isPaused ? 'Resume' : 'Pause';
}

byId('list').addEventListener('scroll', showRows);
addEventListener('resize', showRows);
byId('list').addEventListener('click', ({ clientX, clientY }) => {
  // Rows may have been redrawn since the button was pressed, so the position counts.
  const at = Math.floor((clientY - byId('sizer').getBoundingClientRect().top) / ROW);
  const row = state.rows[at];
  if (!row) return;
  const fromLeft = clientX - byId('sizer').getBoundingClientRect().left;
  if (row.hasMore && fromLeft < 14 * (Math.min(row.level, 12) + 1) + 14)
    fold(row.key, !state.folded.has(row.key));
  choose(row.key);
});
byId('list').addEventListener('keydown', (event) => {
  const { rows } = state;
  const at = rows.findIndex(({ key }) => key === state.chosen);
  const page = Math.max(1, Math.floor(byId('list').clientHeight / ROW) - 1);
  const steps = {
    ArrowDown: 1,
    ArrowUp: -1,
    PageDown: page,
    PageUp: -page,
    Home: -rows.length,
    End: rows.length,
  };
  const row = rows[at];
  if (event.key in steps && rows.length > 0)
    choose(rows[Math.max(0, Math.min(rows.length - 1, at + steps[event.key]))].key);
  else if (event.key === 'ArrowRight' && row?.hasMore) fold(row.key, false);
  else if (event.key === 'ArrowLeft' && row?.hasMore && !state.folded.has(row.key))
    fold(row.key, true);
  else if (event.key === 'ArrowLeft' && row) {
    const parent = rows.slice(0, at).findLast(({ level }) => level < row.level);
    if (parent) choose(parent.key);
  } else if (event.key === 'Enter') byId('detail').focus();
  else return;
  event.preventDefault();
});
for (const id of ['tasks', 'connections', 'locks'])
  byId(id).addEventListener('click', () => showTab(id));
byId('pause').addEventListener('click', () => pause(!state.isPaused));
byId('filter').addEventListener('input', ({ target }) => {
  state.filter = target.value;
  byId('list').scrollTop = 0;
  update();
});
addEventListener('keydown', (event) => {
  const isTyping = event.target === byId('filter');
  if (event.key === '/' && !isTyping) byId('filter').focus();
  else if (event.key === 'Escape') {
    byId('filter').value = '';
    state.filter = '';
    update();
    byId('list').focus();
  } else if (event.key === 'ArrowDown' && isTyping) byId('list').focus();
  else return;
  event.preventDefault();
});

const legend = [...KINDS.map(([kind, words]) => [kind, words]), ['cancel', 'cancelled']];
for (const [kind, words] of legend) {
  const entry = make('span');
  entry.append(make('i', kind), words);
  byId('legend').append(entry);
}
showHead();

const events = new EventSource('events');
events.addEventListener('message', ({ data }) => {
  if (state.isPaused) return;
  take(JSON.parse(data));
  showHead();
  update();
});
events.addEventListener('gone', ({ data }) => {
  events.close();
  byId('how').textContent = data;
});
events.addEventListener('error', () => {
  byId('how').textContent = 'the command has ended: this is its last snapshot';
});
