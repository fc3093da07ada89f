import { InvalidStateError, RuntimeError } from '../../base/errors/errors.ts';
import { rangeError } from '../../base/errors/refusals.ts';
import { brief } from '../../base/printing/repr.ts';
import type { SequentialModel } from './models.ts';

/** An operation of a client. */
export interface Operation<Call> {
  /** The operation, as passed to the model. */
  readonly call: Call;
  /** When it was called, in any unit. */
  readonly begin: number;
  /** When it returned. If absent, it is not known whether the operation took effect. */
  readonly end?: number | undefined;
  /** What it returned. */
  readonly output?: unknown;
  /** The object that it was for. Each object has its own state. */
  readonly key?: string | undefined;
  /** The client that called it, for messages. */
  readonly by?: string | undefined;
}

/** The most orders that are tried. */
const MOST = 1_000_000;

/** The call or return of an operation, in chronological order. */
interface Event<Call> {
  readonly operation: Operation<Call>;
  readonly bit: bigint;
  /** The return of a call, if it has one. */
  end: Event<Call> | undefined;
  readonly isEnd: boolean;
  previous: Event<Call> | undefined;
  next: Event<Call> | undefined;
}

/**
 * Searches for an order of operations that explains what they returned: Wing and Gong's search, with Lowe's cache.
 *
 * @throws {InvalidStateError} when there is none
 */
export function linearize<State, Call>(
  operations: readonly Operation<Call>[],
  model: SequentialModel<State, Call>,
): void {
  const keys = new Map<string | undefined, Operation<Call>[]>();
  for (const operation of operations) {
    const { key, begin, end } = operation;
    // NaN is refused, too.
    if (!(end === undefined ? Number.isFinite(begin) : begin <= end))
      throw rangeError(`an operation must end after it begins, got ${brief([begin, end])}`);
    keys.set(key, [...(keys.get(key) ?? []), operation]);
  }
  for (const [key, some] of keys) search(key, some, model);
}

function search<State, Call>(
  key: string | undefined,
  operations: readonly Operation<Call>[],
  model: SequentialModel<State, Call>,
): void {
  const head = linked(operations);
  let left = operations.filter(({ end }) => end !== undefined).length;
  let [state, done] = [model.initial, 0n];
  const seen = new Set<string>();
  const path: { event: Event<Call>; state: State }[] = [];
  let farthest: readonly Operation<Call>[] = [];
  let event = head.next;
  while (left > 0) {
    // While an operation is left that has returned, its return precedes the end of the list.
    const { operation, bit, isEnd, end } = event as Event<Call>;
    if (isEnd) {
      // It must have taken effect by now.
      const last = path.pop();
      if (last === undefined) throw new InvalidStateError(explain(key, operations, farthest));
      restore(last.event);
      ({ state } = last);
      done ^= last.event.bit;
      if (last.event.end !== undefined) left += 1;
      event = last.event.next;
      continue;
    }
    const result = model.apply(state, operation.call);
    const after = JSON.stringify(result.state);
    const fits =
      end === undefined
        ? after !== JSON.stringify(state)
        : !('output' in result) ||
          JSON.stringify(result.output) === JSON.stringify(operation.output);
    const place = `${(done | bit).toString(36)} ${after}`;
    if (!fits || seen.has(place)) {
      event = event?.next;
      continue;
    }
    if (seen.size >= MOST)
      throw new RuntimeError(
        `${operations.length} operations have too many orders to try them all`,
      );
    seen.add(place);
    path.push({ event: event as Event<Call>, state });
    if (path.length > farthest.length) farthest = path.map(({ event }) => event.operation);
    remove(event as Event<Call>);
    ({ state } = result);
    done |= bit;
    if (end !== undefined) left -= 1;
    event = head.next;
  }
}

/** The calls and returns of operations in chronological order, after a head. */
function linked<Call>(operations: readonly Operation<Call>[]): Event<Call> {
  const none = { end: undefined, previous: undefined, next: undefined };
  const events = operations.flatMap((operation, at) => {
    const bit = 1n << BigInt(at);
    const call: Event<Call> = { ...none, operation, bit, isEnd: false };
    if (operation.end === undefined) return [call];
    call.end = { ...none, operation, bit, isEnd: true };
    return [call, call.end];
  });
  const when = ({ isEnd, operation: { begin, end } }: Event<Call>): number =>
    isEnd ? (end as number) : begin;
  // At the same instant, calls come first, because the real order is not known.
  events.sort((a, b) => when(a) - when(b) || Number(a.isEnd) - Number(b.isEnd));
  const head = { ...none } as Event<Call>;
  let last = head;
  for (const event of events) {
    [event.previous, last.next] = [last, event];
    last = event;
  }
  return head;
}

function remove<Call>(event: Event<Call>): void {
  for (const each of [event, event.end])
    if (each !== undefined) {
      (each.previous as Event<Call>).next = each.next;
      if (each.next !== undefined) each.next.previous = each.previous;
    }
}

function restore<Call>(event: Event<Call>): void {
  for (const each of [event.end, event])
    if (each !== undefined) {
      (each.previous as Event<Call>).next = each;
      if (each.next !== undefined) each.next.previous = each;
    }
}

/** Describes an order of operations that fit, and the following ones that did not. */
function explain<Call>(
  key: string | undefined,
  operations: readonly Operation<Call>[],
  farthest: readonly Operation<Call>[],
): string {
  const line = ({ call, begin, end, output, by }: Operation<Call>): string => {
    const happened = end === undefined ? 'unknown' : brief(output);
    const [from, to = ''] = [begin, end].map((time) => time && Number(time.toFixed(6)));
    const time = `${from} – ${to}`.padEnd(23);
    return `  ${time} ${by === undefined ? '' : `${by}: `}${brief(call)} → ${happened}`;
  };
  const rest = operations
    .filter((each) => each.end !== undefined && !farthest.includes(each))
    .sort((a, b) => a.begin - b.begin);
  const what = key === undefined ? '' : ` on ${brief(key)}`;
  return [
    `no order of the operations${what} explains what they returned. This order does, up to here:`,
    ...farthest.slice(-10).map(line),
    'and then none of these fits:',
    ...rest.slice(0, 10).map(line),
  ].join('\n');
}
