/** A request while it is edited: tables have rows with keys, what is empty is not sent, and null is a secret that stays. */
import type { CookieScope } from '#shared/cookies';
import type { RequestView } from '#shared/orders';
import { isHeaderName } from '../format/fields.ts';
import { isProxyAddress } from '../format/proxy.ts';

export interface FieldRow {
  readonly key: number;
  readonly name: string;
  /** Null: a secret that was not shown and is kept. */
  readonly value: string | null;
  /** Of a cookie that goes elsewhere than to the origin of the address alone. */
  readonly scope?: CookieScope | undefined;
}

export interface RequestDraftState {
  readonly url: string;
  readonly method: string;
  readonly userAgent: string;
  readonly referer: string;
  readonly headers: readonly FieldRow[];
  readonly cookies: readonly FieldRow[];
  readonly username: string;
  readonly password: string | null;
  readonly body: string | null;
  readonly proxy: string | null;
  readonly insecure: boolean;
}

let lastKey = 0;

export function toField({ name, value, scope }: Omit<FieldRow, 'key'>): FieldRow {
  lastKey += 1;
  return { key: lastKey, name, value, ...(scope && { scope }) };
}

export function toDraft(request: RequestView): RequestDraftState {
  return {
    url: request.url,
    method: request.method ?? 'GET',
    userAgent: request.userAgent ?? '',
    referer: request.referer ?? '',
    headers: (request.headers ?? []).map(([name, value]) => toField({ name, value })),
    cookies: (request.cookies ?? []).map(toField),
    username: request.login?.username ?? '',
    password: request.login === undefined ? '' : request.login.password,
    body: request.body === undefined ? '' : request.body,
    proxy: request.proxy === undefined ? '' : request.proxy,
    insecure: request.insecure ?? false,
  };
}

/** What is written. Rows without a name are the ones nothing was typed into. */
export function toRequestView(draft: RequestDraftState): RequestView {
  const headers = draft.headers.filter(({ name }) => name.trim() !== '');
  const cookies = draft.cookies.filter(({ name }) => name.trim() !== '');
  return {
    url: draft.url,
    ...(draft.method === 'GET' || draft.method === '' ? {} : { method: draft.method }),
    ...(draft.userAgent === '' ? {} : { userAgent: draft.userAgent }),
    ...(draft.referer === '' ? {} : { referer: draft.referer }),
    ...(headers.length === 0 ? {} : { headers: headers.map(({ name, value }): [string, string | null] => [name.trim(), value]) }),
    ...(cookies.length === 0
      ? {}
      : { cookies: cookies.map(({ name, value, scope }) => ({ name: name.trim(), value, ...(scope && { scope }) })) }),
    ...(draft.username === '' ? {} : { login: { username: draft.username, password: draft.password } }),
    ...(draft.body === '' ? {} : { body: draft.body }),
    ...(draft.proxy === '' ? {} : { proxy: draft.proxy }),
    ...(draft.insecure ? { insecure: true } : {}),
  };
}

export type FieldError = 'badHeaderName' | 'nameMissing' | 'lineBreak';

export interface DraftErrors {
  readonly method: boolean;
  readonly proxy: boolean;
  /** By key of the row. */
  readonly fields: ReadonlyMap<number, FieldError>;
}

const hasBreak = (text: string | null): boolean => text !== null && /[\r\n\0]/.test(text);

function fieldError({ name, value }: FieldRow, isHeader: boolean): FieldError | undefined {
  if (name.trim() === '') return value === '' ? undefined : 'nameMissing';
  if (isHeader && !isHeaderName(name.trim())) return 'badHeaderName';
  return hasBreak(value) || hasBreak(name) ? 'lineBreak' : undefined;
}

export function errorsOf(draft: RequestDraftState): DraftErrors {
  const fields = new Map<number, FieldError>();
  for (const [rows, isHeader] of [
    [draft.headers, true],
    [draft.cookies, false],
  ] as const) {
    for (const row of rows) {
      const error = fieldError(row, isHeader);
      if (error !== undefined) fields.set(row.key, error);
    }
  }
  return {
    method: !isHeaderName(draft.method),
    proxy: draft.proxy !== null && draft.proxy !== '' && !isProxyAddress(draft.proxy),
    fields,
  };
}

export const hasErrors = ({ method, proxy, fields }: DraftErrors): boolean => method || proxy || fields.size > 0;

/** A pasted name replaces the row of that name; the others are added at the end. Names of headers have no case. */
export function mergeFields(rows: readonly FieldRow[], pairs: readonly Omit<FieldRow, 'key'>[], isHeader: boolean): FieldRow[] {
  const keyOf = ({ name, scope }: Omit<FieldRow, 'key'>) =>
    isHeader ? name.toLowerCase() : `${name} ${scope?.domain ?? ''} ${scope?.path ?? ''}`;
  const merged = [...rows];
  for (const pair of pairs) {
    const place = merged.findIndex((row) => keyOf(row) === keyOf(pair));
    const known = merged[place];
    if (known === undefined) merged.push(toField(pair));
    else merged[place] = { ...known, ...pair, name: known.name };
  }
  return merged;
}

export function moveField(rows: readonly FieldRow[], from: number, way: -1 | 1): FieldRow[] {
  const moved = [...rows];
  const [row] = moved.splice(from, 1);
  if (row !== undefined) moved.splice(Math.max(0, from + way), 0, row);
  return moved;
}
