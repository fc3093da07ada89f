/** Which function answers which request. */
import { HttpError } from './http-error.ts';
import type { HttpHandler } from './serve.ts';

/** The methods that this server knows at all. */
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'];

/** By path, and by method; a HEAD is answered as a GET. */
export type Routes = Readonly<Record<string, Readonly<Record<string, HttpHandler>>>>;

/**
 * A handler that looks up who answers: 404 where the path is unknown, 405 where it knows other
 * methods, 501 where nobody knows the method.
 */
export function byRoute(routes: Routes): HttpHandler {
  return (request) => {
    const { method, path } = request;
    if (!METHODS.includes(method)) throw new HttpError(501, `no method ${method}`);
    const answers = Object.hasOwn(routes, path) ? routes[path] : undefined;
    if (answers === undefined) throw new HttpError(404, `nothing at ${path}`);
    const answer = answers[method] ?? (method === 'HEAD' ? answers['GET'] : undefined);
    if (answer !== undefined) return answer(request);
    const known = Object.keys(answers);
    if (known.includes('GET')) known.push('HEAD');
    const headers = { Allow: known.join(', ') };
    if (method === 'OPTIONS') return { status: 204, headers };
    throw new HttpError(405, `${path} knows ${headers.Allow}`, headers);
  };
}
