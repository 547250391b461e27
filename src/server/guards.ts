// Who may ask: the Host a browser was led to, the Origin a page came from, the token of a client. Pure.
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';
import { HttpProblem } from './http-problem.js';

export interface GuardOptions {
  /** Names besides localhost and addresses by which this server may be called. */
  readonly hostNames: readonly string[];
  readonly token: string | undefined;
}

/**
 * Throws HttpProblem 403 for a Host or Origin that is not this server's. A page elsewhere can make a
 * name of its own point here, but neither an address nor localhost.
 */
export function checkHostAndOrigin({ host, origin }: IncomingHttpHeaders, { hostNames }: GuardOptions): void {
  const name = hostName(host);
  if (name === undefined || !(isIP(name) > 0 || name === 'localhost' || hostNames.includes(name)))
    throw new HttpProblem(403, 'this server is not called by the name in the Host header; start it with --allow-host', {
      code: 'host-not-allowed',
    });
  if (origin === undefined) return;
  if (origin.replace(/^https?:\/\//, '').toLowerCase() !== host?.toLowerCase())
    throw new HttpProblem(403, 'requests from pages of other origins are not answered', { code: 'origin-not-allowed' });
}

/** Throws HttpProblem 401 unless the request has the token: as Bearer, or as the password of Basic, for browsers. */
export function checkToken({ authorization = '' }: IncomingHttpHeaders, { token }: GuardOptions): void {
  if (token === undefined || isSame(tokenIn(authorization), token)) return;
  throw new HttpProblem(401, 'send the token: Authorization: Bearer TOKEN', {
    code: 'unauthorized',
    headers: { 'www-authenticate': 'Bearer realm="sa", Basic realm="sa"' },
  });
}

function tokenIn(authorization: string): string {
  const [, scheme = '', value = ''] = /^(\w+) +(\S+)$/.exec(authorization) ?? [];
  if (scheme.toLowerCase() === 'bearer') return value;
  if (scheme.toLowerCase() !== 'basic') return '';
  const text = Buffer.from(value, 'base64').toString();
  return text.slice(text.indexOf(':') + 1);
}

// Digests have one length, so that neither length nor content of the token shows in the time taken.
function isSame(given: string, token: string): boolean {
  const [a, b] = [given, token].map((text) => createHash('sha256').update(text).digest());
  return timingSafeEqual(a!, b!);
}

function hostName(host: string | undefined): string | undefined {
  const [, bracketed, plain] = /^(?:\[([0-9a-fA-F:.]+)\]|([^:/?#@\s]+))(?::\d{1,5})?$/.exec(host ?? '') ?? [];
  return (bracketed ?? plain)?.toLowerCase();
}
