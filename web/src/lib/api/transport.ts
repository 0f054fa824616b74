// One place that speaks HTTP to the platform: bearer token, one silent refresh, errors as ApiError. The routes, their
// parameters and answers are typed by the platform's own OpenAPI document.
import createClient from 'openapi-fetch';
import type { paths } from './schema';

export type FieldError = { field: string; code: string };

export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly detail: FieldError[] = [],
    readonly requestId: string | null = null,
    readonly retryable = false
  ) {
    super(message);
    this.name = 'ApiError';
  }
}

const REFRESH = '/api/v1/auth/refresh';
let token: string | null = null;
let refreshing: Promise<boolean> | null = null;
let onSignedOut: () => void = () => undefined;

export function setToken(value: string | null): void {
  token = value;
}

/** Called once when the platform no longer accepts us and a refresh did not help. */
export function whenSignedOut(callback: () => void): void {
  onSignedOut = callback;
}

/** Trades the HttpOnly cookie for a fresh access token; concurrent callers share one request. */
export function refreshToken(): Promise<boolean> {
  refreshing ??= (async () => {
    const answer = await fetch(REFRESH, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' });
    if (!answer.ok) return false;
    token = ((await answer.json()) as { access_token: string }).access_token;
    return true;
  })()
    .catch(() => false)
    .finally(() => {
      refreshing = null;
    });
  return refreshing;
}

async function send(request: Request): Promise<Response> {
  if (token) request.headers.set('authorization', `Bearer ${token}`);
  try {
    return await fetch(request);
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === 'AbortError') throw cause;
    throw new ApiError(0, 'unreachable', 'The platform does not answer.', [], null, true);
  }
}

async function authorised(request: Request): Promise<Response> {
  const again = request.clone();
  const answer = await send(request);
  if (answer.status !== 401 || token === null || request.url.includes('/auth/log')) return answer;
  if (await refreshToken()) {
    const second = await send(again);
    if (second.status !== 401) return second;
  }
  onSignedOut();
  return answer;
}

const text = (value: unknown): string | null => (typeof value === 'string' ? value : null);

function failure(status: number, fallback: string, body: unknown): ApiError {
  const fields = (typeof body === 'object' && body !== null ? body : {}) as Record<string, unknown>;
  return new ApiError(
    status,
    text(fields.code) ?? `http_${status}`,
    text(fields.message) ?? fallback,
    Array.isArray(fields.detail) ? (fields.detail as FieldError[]) : [],
    text(fields.request_id),
    fields.retryable === true
  );
}

/** `GET('/api/v1/accounts')` and its like; `ask` turns what they give into the data, or throws an ApiError. */
export const api = createClient<paths>({ baseUrl: globalThis.location?.origin ?? '', fetch: authorised });

type Reply<T> = { data?: T; error?: unknown; response: Response };

export async function ask<T>(reply: Promise<Reply<T>>): Promise<T> {
  const { data, error, response } = await reply;
  if (!response.ok) throw failure(response.status, response.statusText, error);
  return data as T;
}
