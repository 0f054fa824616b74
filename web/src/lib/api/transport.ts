// One place that speaks HTTP to the platform: bearer token, one silent refresh, errors as ApiError.

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
    const answer = await fetch('/api/v1/auth/refresh', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{}'
    });
    if (!answer.ok) return false;
    const body = (await answer.json()) as { access_token: string };
    token = body.access_token;
    return true;
  })()
    .catch(() => false)
    .finally(() => {
      refreshing = null;
    });
  return refreshing;
}

async function send(url: string, init: RequestInit): Promise<Response> {
  const headers = new Headers(init.headers);
  if (token) headers.set('authorization', `Bearer ${token}`);
  try {
    return await fetch(url, { ...init, headers });
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === 'AbortError') throw cause;
    throw new ApiError(0, 'unreachable', 'The platform does not answer.', [], null, true);
  }
}

async function fail(answer: Response): Promise<never> {
  const text = await answer.text();
  let body: Record<string, unknown> = {};
  try {
    body = JSON.parse(text) as Record<string, unknown>;
  } catch {
    body = { message: text.slice(0, 200) || answer.statusText };
  }
  throw new ApiError(
    answer.status,
    typeof body.code === 'string' ? body.code : `http_${answer.status}`,
    typeof body.message === 'string' ? body.message : answer.statusText,
    Array.isArray(body.detail) ? (body.detail as FieldError[]) : [],
    typeof body.request_id === 'string' ? body.request_id : null,
    body.retryable === true
  );
}

export type Query = Record<string, string | number | boolean | null | undefined>;
export type Options = { query?: Query; body?: unknown; headers?: Record<string, string>; signal?: AbortSignal };

export function address(path: string, query?: Query): string {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query ?? {})) {
    if (value !== null && value !== undefined && value !== '') search.set(key, String(value));
  }
  const tail = search.toString();
  return `/api/v1${path}${tail ? `?${tail}` : ''}`;
}

async function request<T>(method: string, path: string, options: Options = {}): Promise<T> {
  const url = address(path, options.query);
  const form = options.body instanceof FormData;
  const init: RequestInit = {
    method,
    signal: options.signal,
    headers: { ...(options.body !== undefined && !form ? { 'content-type': 'application/json' } : {}), ...options.headers },
    body: options.body === undefined ? undefined : form ? (options.body as FormData) : JSON.stringify(options.body)
  };
  let answer = await send(url, init);
  if (answer.status === 401 && token !== null && !path.startsWith('/auth/log')) {
    if (await refreshToken()) answer = await send(url, init);
    if (answer.status === 401) onSignedOut();
  }
  if (!answer.ok) return fail(answer);
  if (answer.status === 204) return undefined as T;
  return (await answer.json()) as T;
}

export const get = <T>(path: string, query?: Query, signal?: AbortSignal) => request<T>('GET', path, { query, signal });
export const post = <T>(path: string, body?: unknown, headers?: Record<string, string>) =>
  request<T>('POST', path, { body, headers });
export const put = <T>(path: string, body?: unknown) => request<T>('PUT', path, { body });
export const del = <T>(path: string) => request<T>('DELETE', path);
