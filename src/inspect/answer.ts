import { AGENT_VERSION } from './snapshot/data.ts';
import { type SnapshotIn, takeSnapshotIn } from './snapshot/snapshot.ts';
import { piecesOfTrace } from './watched/trace-format.ts';

/** How many tasks or transports one piece of an answer has; more would block the loop. */
const IN_A_PIECE = 200;

/** The answers that were not fetched completely; only the last {@link MOST_ANSWERS} are kept. */
const answers = new Map<number, Iterator<string>>();
const MOST_ANSWERS = 20;
let lastAnswer = 0;

/**
 * Answers a request from outside the process.
 *
 * - `version` returns the version of the protocol
 * - `snapshot` returns the number of an answer; with `snapshot tasks`, it has no transports, and no words for waits
 * - `trace SECONDS` starts a recording, for at most that long; returns its number
 * - `traced N` ends a recording; returns the number of an answer: comma-separated events
 * - `rates` returns what has happened since the last such request, as JSON
 * - `piece N` returns the next piece of answer N, or `''` once after the last one. The pieces form a JSON text
 */
export async function answer(question: string): Promise<string> {
  const [word, text] = question.split(' ');
  const number = Number(text);
  if (word === 'version') return String(AGENT_VERSION);
  if (word === 'piece') return nextPiece(number);
  if (word === 'rates')
    return JSON.stringify((await import('./watched/on-demand.ts')).ratesSoFar());
  if (word === 'trace') return String((await import('./watched/on-demand.ts')).beginTrace(number));
  if (word === 'traced')
    return keep(piecesOfTrace((await import('./watched/on-demand.ts')).endTrace(number)));
  if (word !== 'snapshot') throw new Error(`unknown request ${word} (version ${AGENT_VERSION})`);
  return keep(piecesOf(await takeSnapshotIn(() => new Pieces(), text !== 'tasks')));
}

/** Keeps an answer, and returns its number. */
function keep(pieces: Iterator<string>): string {
  lastAnswer += 1;
  answers.set(lastAnswer, pieces);
  for (const old of answers.keys()) if (old <= lastAnswer - MOST_ANSWERS) answers.delete(old);
  return String(lastAnswer);
}

function nextPiece(number: number): string {
  const pieces = answers.get(number);
  if (pieces === undefined) throw new Error(`answer ${number} has been dropped`);
  const next = pieces.next();
  if (!next.done) return next.value;
  answers.delete(number);
  return '';
}

/** A list as JSON. It keeps few items: those that survive make garbage collections longer. */
class Pieces {
  #items: object[] = [];
  readonly #pieces: string[] = [];

  push(item: object): void {
    if (this.#items.push(item) === IN_A_PIECE) this.end();
  }

  /** Returns the pieces, without the brackets. */
  end(): string[] {
    if (this.#items.length > 0) {
      const text = JSON.stringify(this.#items).slice(1, -1);
      this.#pieces.push(this.#pieces.length === 0 ? text : `,${text}`);
      this.#items = [];
    }
    return this.#pieces;
  }
}

/** The JSON of a snapshot. */
function* piecesOf({ loops, ...head }: SnapshotIn<Pieces>): Generator<string> {
  yield `${JSON.stringify(head).slice(0, -1)},"loops":[`;
  for (const [at, { tasks, transports, ...loop }] of loops.entries()) {
    yield `${at === 0 ? '' : ','}${JSON.stringify(loop).slice(0, -1)},"tasks":[`;
    yield* tasks.end();
    yield '],"transports":[';
    yield* transports.end();
    yield ']}';
  }
  yield ']}';
}
