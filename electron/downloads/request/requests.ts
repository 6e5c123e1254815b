/** Requests of downloads: read, edited while they run, rolled back, led to a new link. */

import { addressKey } from '#downloads/intake/adding';
import { linkExpiry } from '#downloads/intake/link-expiry';
import { withLoginApart } from '#downloads/intake/login-apart';
import type { DownloadList } from '#downloads/list/download-list';
import type { ListedDownload } from '#downloads/list/listed-download';
import type { Configuration } from '#downloads/store/configuration';
import { DownloadError, firstRequest } from '#engine';
import { CallError } from '#shared/call-failures';
import type { RequestDraft, RequestView } from '#shared/orders';
import { maskedValue, shownRequest, withSecretsOf } from '#shared/request-secrets';
import { compose, type Origin } from './compose.ts';
import { writeCurlCommand } from './curl-command.ts';
import { type LinkTaken, lastSegment, NewLinks } from './new-links.ts';
import { profileOf } from './profiles.ts';

export interface RequestRead {
  readonly request: RequestView;
  readonly preview: { line: string; from: Origin }[];
  readonly profile?: string;
  readonly canRollBack: boolean;
  readonly changes: number;
}

export class Requests {
  readonly #list: DownloadList;
  readonly #configuration: Configuration;
  readonly #newLinks: NewLinks;

  constructor(list: DownloadList, configuration: Configuration) {
    this.#list = list;
    this.#configuration = configuration;
    this.#newLinks = new NewLinks({
      list,
      check: (draft) => this.#checked(draft),
      take: (listed, draft) => this.#take(listed, draft),
    });
  }

  read(id: string, reveal: boolean): RequestRead {
    const listed = this.#list.require(id);
    const { draft, record } = listed;
    const { settings, profiles } = this.#configuration;
    const url = URL.parse(draft.url);
    const match = profileOf(profiles, url?.hostname ?? '', record.profile);
    const { request, origins } = compose(draft, match?.profile, settings);
    const sent = firstRequest(request);
    const line = (name: string, value: string): string => `${name}: ${reveal ? value : maskedValue(name, value)}`;
    const path = reveal ? `${sent.url.pathname}${sent.url.search}` : `${sent.url.pathname}${sent.url.search === '' ? '' : '?…'}`;
    const preview: { line: string; from: Origin }[] = [
      { line: `${sent.method} ${path} HTTP/1.1`, from: 'download' },
      { line: `Host: ${sent.url.host}`, from: 'sluice' },
      ...sent.headers.map(([name, value]) => {
        const key = name.toLowerCase();
        return { line: line(name, value), from: origins.get(key) ?? 'sluice' };
      }),
    ];
    return {
      request: reveal ? draft : shownRequest(draft),
      preview,
      ...(match && { profile: match.profile.name }),
      canRollBack: listed.draftBefore !== undefined,
      changes: listed.requestChanges,
    };
  }

  /** @throws CallError BAD_INPUT for what cannot be sent: nothing is changed then. */
  async write(id: string, view: RequestView): Promise<void> {
    const listed = this.#list.require(id);
    const draft = this.#checked(withLoginApart(withSecretsOf(view, listed.draft)));
    // What is gone back to is the last one that worked.
    if (!listed.isUnproven) listed.draftBefore = listed.draft;
    listed.isUnproven = true;
    await this.#take(listed, draft);
    if (isRefused(listed)) await this.#wakeUp(listed);
    listed.log('info', 'request-changed', 'the request was changed; its connections take it up one by one');
  }

  async rollBack(id: string): Promise<void> {
    const listed = this.#list.require(id);
    const { draftBefore } = listed;
    if (draftBefore === undefined) throw new CallError('NOT_NOW', 'the request was not changed since Sluice was started');
    listed.draftBefore = undefined;
    listed.isUnproven = false;
    await this.#take(listed, draftBefore);
    listed.log('info', 'request-rolled-back', 'the request is again what it was before the last change');
    await this.#wakeUp(listed);
  }

  replaceLink(id: string, request: RequestDraft, waitMs: number): Promise<LinkTaken> {
    return this.#newLinks.replace(id, request, waitMs);
  }

  matchLink(url: string, size: number | undefined): string[] {
    return this.#newLinks.match(url, size);
  }

  curl(id: string, reveal: boolean): string {
    const { draft, record } = this.#list.require(id);
    const { settings, profiles } = this.#configuration;
    const profile = profileOf(profiles, URL.parse(draft.url)?.hostname ?? '', record.profile)?.profile;
    const { request } = compose(draft, profile, settings, {});
    return writeCurlCommand(request, { output: record.name ?? lastSegment(draft.url) ?? 'file', reveal });
  }

  #checked(draft: RequestDraft): RequestDraft {
    try {
      firstRequest(compose(draft, undefined, this.#configuration.settings, {}).request);
    } catch (error) {
      if (error instanceof DownloadError) throw new CallError('BAD_INPUT', error.message);
      throw error;
    }
    return draft;
  }

  async #take(listed: ListedDownload, draft: RequestDraft): Promise<void> {
    const isNewUrl = addressKey(draft.url) !== addressKey(listed.draft.url);
    const { linkExpiresAt: _old, ...record } = listed.record;
    const linkExpiresAt = linkExpiry(draft.url);
    listed.record = { ...record, ...(linkExpiresAt !== undefined && { linkExpiresAt }) };
    listed.editRefused = undefined;
    await this.#list.setDraft(listed, draft, isNewUrl);
  }

  /** A request that works again: what failed for the wrong one goes on. */
  async #wakeUp(listed: ListedDownload): Promise<void> {
    if (listed.record.rests === 'failed') await this.#list.start([listed.id]);
  }
}

/** It failed for what an edit may have cured. */
function isRefused({ record: { rests, failure } }: ListedDownload): boolean {
  return rests === 'failed' && /^E_(AUTH|PROXY_AUTH|NOT_FILE|LINK_EXPIRED|INPUT|HTTP_4\d\d)$/.test(failure?.code ?? '');
}
