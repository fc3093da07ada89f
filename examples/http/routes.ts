/** Maps requests to the functions that answer them. */
import { HttpError } from './http-error.ts';
import type { HttpHandler } from './serve.ts';

/** The methods that this server knows. */
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'];

/** Functions by path and method. HEAD is answered like GET. */
export type Routes = Readonly<Record<string, Readonly<Record<string, HttpHandler>>>>;

/**
 * Returns a handler that calls the function for the path and method of a request. It answers 404 if
 * the path is unknown, 405 if the path has only other methods, and 501 if the method is unknown.
 */
export function byRoute(routes: Routes): HttpHandler {
  return (request) => {
    const { method, path } = request;
    if (!METHODS.includes(method)) throw new HttpError(501, 'unknown method');
    const answers = Object.hasOwn(routes, path) ? routes[path] : undefined;
    if (answers === undefined) throw new HttpError(404, 'not found');
    const answer = answers[method] ?? (method === 'HEAD' ? answers['GET'] : undefined);
    if (answer !== undefined) return answer(request);
    const known = Object.keys(answers);
    if (known.includes('GET')) known.push('HEAD');
    const headers = { Allow: known.join(', ') };
    if (method === 'OPTIONS') return { status: 204, headers };
    throw new HttpError(405, `allowed here: ${headers.Allow}`, headers);
  };
}
