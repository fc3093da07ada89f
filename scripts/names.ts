/**
 * npm run names: writes the table of docs/names.md: every name of Python 3.14's asyncio and socket,
 * and its counterpart here. Names are looked up in the exports by the rule on that page; for
 * missing ones the reason is below.
 *
 *   --check   write nothing, and fail if a name has neither, or the table is wrong
 */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import ts from 'typescript';

/** Names that are spelled differently here. */
const RENAMED: Readonly<Record<string, string>> = {
  wrap_future: 'wrapPromise',
  'Future.__init__': 'Future',
  'Task.__init__': 'Task',
  'BaseTransport.set_protocol': 'Transport.setProtocol',
  'BaseTransport.get_protocol': 'Transport.getProtocol',
  'socket.sendfile': 'Loop.sockSendfile',
};

const ONE_LOOP = 'there is only one loop class, `Loop`';
const NO_POLICIES =
  'deprecated in Python 3.14; [there are no policies](differences.md#the-current-loop)';
const NO_FAMILY = 'for address families that no driver supports';

/** Why a name is missing; a key that ends in `*` stands for all names with that prefix. */
const REASONS: Readonly<Record<string, string>> = {
  SelectorEventLoop: ONE_LOOP,
  ProactorEventLoop: ONE_LOOP,
  AbstractEventLoop: ONE_LOOP,
  BaseEventLoop: ONE_LOOP,
  AbstractServer: 'there is only one server class, `Server`',
  get_event_loop_policy: NO_POLICIES,
  set_event_loop_policy: NO_POLICIES,
  'AbstractEventLoopPolicy*': NO_POLICIES,
  DefaultEventLoopPolicy: NO_POLICIES,
  WindowsSelectorEventLoopPolicy: NO_POLICIES,
  WindowsProactorEventLoopPolicy: NO_POLICIES,
  'SubprocessStreamProtocol*': 'undocumented; internal to `createSubprocessExec()`',
  'TransportSocket.getsockbyname': 'calls a method that Python’s sockets do not have',
  staggered_race: 'undocumented; internal, as in Python: `createConnection()` uses it',
  _get_running_loop: '`getRunningLoop()`',
  _set_running_loop: 'only the running loop sets this',
  'debug: call from wrong thread raises':
    'Node’s threads do not share a loop: [threads](differences.md#threads)',
  'debug: slow I/O selector is logged': 'Python 3.14 does not log it either',
  fromshare: 'Windows only',
  'socket.ioctl': 'Windows only',
  'socket.share': 'Windows only',
  'socket.makefile': 'returns a blocking file; `openConnection({ sock })` returns streams',
  'socket.sendmsg_afalg': NO_FAMILY,
  sethostname: 'Node cannot change the host name',
  'ALG_*': NO_FAMILY,
  'CAN_*': NO_FAMILY,
  'J1939_*': NO_FAMILY,
  'NETLINK_*': NO_FAMILY,
  'PACKET_*': NO_FAMILY,
  'TIPC_*': NO_FAMILY,
  'VM*': NO_FAMILY,
  'IOCTL_VM*': NO_FAMILY,
  'SO_VM_*': NO_FAMILY,
  'SO_J1939_*': NO_FAMILY,
  'SCM_J1939_*': NO_FAMILY,
  'UDPLITE_*': NO_FAMILY,
  'ETH*': NO_FAMILY,
  'PF_*': NO_FAMILY,
  'AF_*': NO_FAMILY,
  SOL_ALG: NO_FAMILY,
  'SOL_CAN_*': NO_FAMILY,
  SOL_RDS: NO_FAMILY,
  SOL_TIPC: NO_FAMILY,
  'INADDR_*': 'pass addresses as text; `inetAton()` converts them',
  'IPPORT_*': 'pass the number',
  'IPPROTO_*': '`getprotobyname()`',
  'TCP_*': 'for repair, signatures and measurements: pass the number',
  SOCK_RAW: 'no driver supports it',
  SOCK_RDM: 'no driver supports it',
  SOCK_SEQPACKET: 'no driver supports it',
};

/** Names without an export, and their text in the table. */
const TOLD: Readonly<Record<string, string>> = {
  'python -m asyncio (REPL)': '`asyncio-ts`, `asyncio-ts repl`',
  PYTHONASYNCIODEBUG: '`ASYNCIO_DEBUG`',
  "logging.getLogger('asyncio')": '`setLogger(logger)`',
  'python -m asyncio ps PID': '`asyncio-ts ps PID`',
  'python -m asyncio pstree PID': '`asyncio-ts pstree PID`',
  'debug: slow callbacks are logged': 'the same; `loop.slowCallbackDuration`',
  'RuntimeWarning: coroutine was never awaited': 'the same',
  'Task exception was never retrieved': 'the same: [never-retrieved.md](never-retrieved.md)',
  'Loop.set_exception_handler context: asyncgen key': 'the same',
};

const root = fileURLToPath(new URL('..', import.meta.url));
const page = path.join(root, 'docs', 'names.md');
const [BEGIN, END] = ['<!-- npm run names writes what follows -->', '<!-- to here -->'];
const { values: options } = parseArgs({ options: { check: { type: 'boolean' } } });
const names = JSON.parse(
  readFileSync(path.join(root, 'test', 'conformance', 'python-names.json'), 'utf8'),
) as Record<'asyncio' | 'socket', Record<string, string[]>>;
const problems: string[] = [];

const [asyncio, socket] = exportsOf('src/index.ts', 'src/socket.ts');
const text = [
  BEGIN,
  ...Object.entries(names.asyncio).flatMap(([chapter, each]) =>
    table(`asyncio: ${chapter}`, each, asyncio),
  ),
  ...Object.entries(names.socket).flatMap(([chapter, each]) =>
    chapter === 'constants' ? constants(each) : table(`socket: ${chapter}`, each, socket),
  ),
  '',
  END,
].join('\n');

const before = readFileSync(page, 'utf8');
const [from, to] = [before.indexOf(BEGIN), before.indexOf(END)];
if (from < 0 || to < from) problems.push(`docs/names.md has no ${BEGIN} … ${END}`);
else {
  const written = before.slice(from, to + END.length);
  if (!options.check)
    writeFileSync(
      page,
      before.replace(written, () => text),
    );
  else checkClaims(written);
}
for (const problem of problems) console.error(problem);
process.exitCode = problems.length === 0 ? 0 : 1;

/** The exports of modules by name, and the members of classes: `Loop.callSoon`. */
function exportsOf(...files: string[]): Set<string>[] {
  const { config } = ts.readConfigFile(path.join(root, 'tsconfig.json'), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
  const program = ts.createProgram(
    files.map((file) => path.join(root, file)),
    options,
  );
  const checker = program.getTypeChecker();
  const membersOf = (symbol: ts.Symbol): ts.Symbol[] => {
    if (symbol.flags & ts.SymbolFlags.Module) return checker.getExportsOfModule(symbol);
    const isType = symbol.flags & (ts.SymbolFlags.Class | ts.SymbolFlags.Interface);
    return isType ? checker.getPropertiesOfType(checker.getDeclaredTypeOfSymbol(symbol)) : [];
  };
  return files.map((file) => {
    const source = program.getSourceFile(path.join(root, file)) as ts.SourceFile;
    const module = checker.getSymbolAtLocation(source) as ts.Symbol;
    const found = new Set<string>();
    for (const each of checker.getExportsOfModule(module)) {
      const symbol = each.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(each) : each;
      found.add(each.name);
      for (const member of membersOf(symbol)) found.add(`${each.name}.${member.name}`);
    }
    return found;
  });
}

/**
 * Converts Python's name by the rule: underscores become capitals, and constants stay unchanged.
 */
function ours(name: string): string {
  const renamed = RENAMED[name];
  if (renamed !== undefined) return renamed;
  return name
    .split('.')
    .map((part) =>
      /^[A-Z0-9_]+$/.test(part)
        ? part
        : part.replace(/(?<=[^_])_([a-z0-9])/g, (_, letter) => letter.toUpperCase()),
    )
    .join('.')
    .replace(/^socket\./, 'Socket.');
}

/** The spelling under which a name is exported, if any. */
function found(name: string, exported: ReadonlySet<string>): string | undefined {
  const candidates = [ours(name), `subprocess.${ours(name)}`];
  return candidates.find(
    (each) => exported.has(each) || (each.startsWith('Loop.') && asyncio?.has(each)),
  );
}

function reasonOf(name: string): string | undefined {
  const exact = REASONS[name];
  if (exact !== undefined) return exact;
  const [, reason] =
    Object.entries(REASONS)
      .filter(([key]) => key.endsWith('*') && name.startsWith(key.slice(0, -1)))
      .sort(([one], [other]) => other.length - one.length)[0] ?? [];
  return reason;
}

/** The table's text for a name. */
function here(name: string, exported: ReadonlySet<string>): string {
  const known = found(name, exported);
  if (known !== undefined) return `\`${known}\``;
  const words = TOLD[name] ?? reasonOf(name);
  if (words === undefined)
    problems.push(`${name}: not exported as ${ours(name)}, and there is no reason`);
  return TOLD[name] ?? `– ${words}`;
}

function table(title: string, each: readonly string[], exported = new Set<string>()): string[] {
  const rows = each.map((name) => `| \`${name}\` | ${here(name, exported)} |`);
  return ['', `### ${title}`, '', '| Python | here |', '| --- | --- |', ...rows];
}

/** Constants, which have the same names, by their prefixes. */
function constants(each: readonly string[]): string[] {
  const prefixes = [...new Set(each.map(prefixOf))];
  const rows = prefixes.map((prefix) => {
    const all = each.filter((name) => prefixOf(name) === prefix);
    const there = all.filter((name) => socket?.has(name));
    const reasons = new Map<string, string[]>();
    for (const name of all.filter((name) => !there.includes(name))) {
      const reason = reasonOf(name);
      if (reason === undefined) problems.push(`${name}: not exported, and there is no reason`);
      else reasons.set(reason, [...(reasons.get(reason) ?? []), name]);
    }
    const absent = [...reasons].map(([reason, list]) => `– ${reason}: ${quoted(list)}`);
    return `| \`${prefix}\` | ${quoted(there)} | ${absent.join('<br>')} |`;
  });
  const head = ['| constants | here | not here |', '| --- | --- | --- |'];
  return ['', '### socket: constants', '', ...head, ...rows];
}

function prefixOf(name: string): string {
  return name.includes('_') ? `${name.slice(0, name.indexOf('_'))}_*` : name;
}

function quoted(list: readonly string[]): string {
  return list.map((name) => `\`${name}\``).join(', ');
}

/** Everything that a written table claims must exist; newer names are only listed. */
function checkClaims(written: string): void {
  const all = new Set([...(asyncio ?? []), ...(socket ?? [])]);
  for (const [, name = '', claim = ''] of written.matchAll(/^\| `([^`]+)` \| `([^`]+)` \|$/gm))
    if (!all.has(claim) && TOLD[name] === undefined)
      problems.push(`docs/names.md says that ${name} is here as ${claim}, which is not exported`);
  const [, numbers = ''] = written.split('### socket: constants');
  for (const [, list = ''] of numbers.matchAll(/^\| `[A-Z0-9]\w*_?\*?` \| (.*?) \|/gm))
    for (const [, name = ''] of list.matchAll(/`([A-Z0-9]\w*)`/g))
      if (!all.has(name))
        problems.push(`docs/names.md says that ${name} is here, which is not exported`);
  if (written !== text) console.log('docs/names.md is not up to date: npm run names writes it');
}
