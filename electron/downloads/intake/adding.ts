/** Turns what a person asked for into downloads of the list: checked, sorted into a category, compared with what is there. */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { compose } from '#downloads/request/compose';
import { checkRequest, checkUserName, DownloadError, isPrivateHost, safeUrl } from '#engine';
import { CallError } from '#shared/call-failures';
import { parseChecksum } from '#shared/checksum';
import type { AddResult, Order, RequestDraft } from '#shared/orders';
import type { DownloadId } from '#shared/rows';
import type { Settings } from '#shared/settings';
import type { StoredDownload } from '#shared/stored';
import { categoryOf } from './categories.ts';
import { linkExpiry } from './link-expiry.ts';
import { withLoginApart } from './login-apart.ts';

/** What addresses and targets are taken already. */
export interface Taken {
  url(href: string): DownloadId | undefined;
  target(path: string): DownloadId | undefined;
  hasId(id: DownloadId): boolean;
}

export interface AddingPorts {
  /** @returns the folder as it is used. @throws CallError OUTSIDE_ROOTS, BAD_INPUT. */
  allow(directory: string): string;
  readonly defaultDirectory: string;
  settings(): Settings;
}

export interface Accepted {
  readonly record: StoredDownload;
  readonly draft: RequestDraft;
}

type Judged = { readonly type: 'accepted'; readonly accepted: Accepted } | Exclude<AddResult, { type: 'added' }>;

/** 64 bits of a UUID that are all random: many of those are made at once, and single calls for random bytes are slow. */
export function newId(): DownloadId {
  const uuid = randomUUID();
  return `${uuid.slice(0, 8)}${uuid.slice(-8)}` as DownloadId;
}

/** Without what the server never sees. */
export function addressKey(url: string): string {
  const parsed = URL.parse(url);
  if (parsed === null) return url;
  parsed.hash = '';
  parsed.username = '';
  parsed.password = '';
  return parsed.href;
}

/** The folder and category for an address and a name. */
export function placeFor(
  order: Pick<Order, 'directory' | 'category'>,
  url: URL,
  name: string,
  { settings, allow, defaultDirectory }: AddingPorts,
): { directory: string; category: string } {
  const { categories, directory: general } = settings();
  const named = order.category === undefined ? undefined : categories.find(({ name: one }) => one === order.category);
  const category = order.category === undefined ? categoryOf(categories, url, name) : named;
  const directory = order.directory ?? category?.directory ?? (general === '' ? defaultDirectory : general);
  return { directory: allow(directory), category: order.category ?? category?.name ?? '' };
}

/** `duplicates: 'add'` takes it whatever is there. Refusals are answers, not errors: the rest of a list goes on. */
export function judgeOrder(
  order: Order,
  options: { readonly place: number; readonly start: boolean; readonly duplicates: Settings['duplicates'] },
  taken: Taken,
  ports: AddingPorts,
): Judged {
  try {
    return accept(order, options, taken, ports);
  } catch (error) {
    if (error instanceof DownloadError) return { type: 'refused', failure: error.failure };
    if (error instanceof CallError) return { type: 'refused', failure: { code: error.code, message: error.message } };
    throw error;
  }
}

function accept(
  order: Order,
  { place, start, duplicates }: Parameters<typeof judgeOrder>[1],
  taken: Taken,
  ports: AddingPorts,
): Judged {
  if (order.id !== undefined && taken.hasId(order.id)) throw new DownloadError('E_INPUT', `the id ${order.id} is in use already`);
  const draft = withLoginApart(order.request);
  const settings = ports.settings();
  // Refuses what could never be sent.
  const url = checkRequest(compose(draft, undefined, settings, {}).request);
  if (settings.blockPrivateTargets && isPrivateHost(url.hostname)) {
    throw new DownloadError('E_INPUT', `${url.hostname} is a private address, which the settings do not allow`);
  }
  const wrong = order.name === undefined ? undefined : checkUserName(order.name);
  if (wrong !== undefined) throw new DownloadError('E_INPUT', `the name ${JSON.stringify(order.name)} cannot be used: ${wrong}`);
  if (order.checksum !== undefined) {
    const parsed = parseChecksum(order.checksum);
    if (!parsed.ok) throw new DownloadError('E_INPUT', parsed.message);
  }
  const name = order.name ?? decodeURIComponentSafely(url.pathname.split('/').at(-1) ?? '');
  const { directory, category } = placeFor(order, url, name, ports);
  if (duplicates !== 'add') {
    const sameUrl = draft.body === undefined ? taken.url(addressKey(draft.url)) : undefined;
    if (sameUrl !== undefined) return { type: 'duplicate', of: 'url', id: sameUrl, name: name || safeUrl(draft.url) };
    const sameTarget = order.name === undefined ? undefined : taken.target(join(directory, order.name));
    if (sameTarget !== undefined) return { type: 'duplicate', of: 'target', id: sameTarget, name };
  }
  const linkExpiresAt = linkExpiry(url.href);
  const { profile, connections, limitBytesPerSecond, checksum, ifExists } = order;
  const record: StoredDownload = {
    id: order.id ?? newId(),
    // Filled in as it is stored.
    request: { url: draft.url },
    hasSecrets: false,
    directory,
    isDirectoryChosen: order.directory !== undefined,
    ...(order.name !== undefined && { name: order.name, isNameChosen: true }),
    category,
    isCategoryChosen: order.category !== undefined,
    ...(profile !== undefined && { profile }),
    ...(connections !== undefined && { connections }),
    ...(limitBytesPerSecond !== undefined && { limitBytesPerSecond }),
    priority: order.priority ?? 'normal',
    ...(checksum !== undefined && { checksum }),
    ...(ifExists !== undefined && { ifExists }),
    order: place,
    addedAt: Date.now(),
    ...(!start && { rests: 'paused' as const }),
    doneBytes: 0,
    cells: '',
    ...(linkExpiresAt !== undefined && { linkExpiresAt }),
  };
  return { type: 'accepted', accepted: { record, draft } };
}

function decodeURIComponentSafely(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
