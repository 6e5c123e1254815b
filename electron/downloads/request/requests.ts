/** Requests of downloads: read, edited while they run, rolled back, led to a new link. */

import { addressKey } from '#downloads/intake/adding';
import { linkExpiry } from '#downloads/intake/link-expiry';
import { withLoginApart } from '#downloads/intake/login-apart';
import type { DownloadList } from '#downloads/list/download-list';
import type { ListedDownload } from '#downloads/list/listed-download';
import type { Configuration } from '#downloads/store/configuration';
import { DownloadError, firstRequest, safeUrl } from '#engine';
import { CallError } from '#shared/call-failures';
import type { RequestDraft, RequestView } from '#shared/orders';
import { maskedValue, withoutSecrets, withSecretsOf } from '#shared/request-secrets';
import { compose, type Origin } from './compose.ts';
import { writeCurlCommand } from './curl-command.ts';
import { profileOf } from './profiles.ts';

export interface RequestRead {
  readonly request: RequestView;
  readonly preview: { line: string; from: Origin }[];
  readonly profile?: string;
  readonly canRollBack: boolean;
}

export class Requests {
  readonly #list: DownloadList;
  readonly #configuration: Configuration;

  constructor(list: DownloadList, configuration: Configuration) {
    this.#list = list;
    this.#configuration = configuration;
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
      request: reveal ? draft : withoutSecrets(draft),
      preview,
      ...(match && { profile: match.profile.name }),
      canRollBack: listed.draftBefore !== undefined,
    };
  }

  /** @throws CallError BAD_INPUT for what cannot be sent: nothing is changed then. */
  async write(id: string, view: RequestView): Promise<void> {
    const listed = this.#list.require(id);
    const draft = this.#checked(withLoginApart(withSecretsOf(view, listed.draft)));
    const before = listed.draft;
    await this.#take(listed, draft);
    listed.draftBefore = before;
    listed.log('info', 'request-changed', 'the request was changed; its connections take it up one by one');
  }

  async rollBack(id: string): Promise<void> {
    const listed = this.#list.require(id);
    const { draftBefore } = listed;
    if (draftBefore === undefined) throw new CallError('NOT_NOW', 'the request was not changed since Sluice was started');
    listed.draftBefore = undefined;
    await this.#take(listed, draftBefore);
    listed.log('info', 'request-rolled-back', 'the request is again what it was before the last change');
    await this.#wakeUp(listed);
  }

  /**
   * A new address for the same file. While it runs, its bytes are compared before one of the new is trusted.
   * @throws CallError WRONG_FILE: nothing is changed then. BAD_INPUT.
   */
  async replaceLink(id: string, url: string, request: RequestDraft | undefined): Promise<void> {
    const listed = this.#list.require(id);
    const before = listed.draft;
    const isSameOrigin = URL.parse(url)?.origin === URL.parse(before.url)?.origin;
    // What tells who the user is stays with the server it was given for.
    const draft = this.#checked(withLoginApart({ ...(isSameOrigin ? before : impersonal(before)), ...request, url }));
    await this.#take(listed, draft);
    listed.log('info', 'new-link', `the link is now ${safeUrl(draft.url)}`);
    if (!(await this.#proven(listed))) {
      await this.#take(listed, before);
      throw new CallError('WRONG_FILE', 'the new link leads to another file: nothing was changed');
    }
    listed.draftBefore = before;
  }

  /** Downloads in want of a link that this address may be the new one of, the likeliest first. */
  matchLink(url: string): string[] {
    const name = lastSegment(url);
    const key = addressKey(url);
    const waiting = [...this.#list.all()].filter((listed) => listed.needsLink && addressKey(listed.draft.url) !== key);
    const score = (listed: ListedDownload): number => {
      const { draft, record } = listed;
      if (lastSegment(draft.url) === name || record.name === name) return 2;
      return URL.parse(draft.url)?.hostname === URL.parse(url)?.hostname ? 1 : 0;
    };
    return waiting
      .map((listed) => ({ id: listed.id, score: score(listed) }))
      .filter(({ score: one }) => one > 0)
      .sort((a, b) => b.score - a.score)
      .map(({ id }) => id);
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
    await this.#list.setDraft(listed, draft, isNewUrl);
  }

  /** A request that works again: what failed for the wrong one goes on. */
  async #wakeUp(listed: ListedDownload): Promise<void> {
    if (listed.record.rests === 'failed') await this.#list.start([listed.id]);
  }

  /** Whether the new link's bytes are those on disk. A download at rest finds out when it goes on: it is begun for that. */
  async #proven(listed: ListedDownload): Promise<boolean> {
    if (!listed.isLive) {
      await this.#list.force([listed.id]);
      if (!listed.isLive) return true;
    }
    return await listed.linkVerdict();
  }
}

const impersonal = ({ userAgent, proxy }: RequestDraft): Partial<RequestDraft> => ({
  ...(userAgent !== undefined && { userAgent }),
  ...(proxy !== undefined && { proxy }),
});

function lastSegment(url: string): string | undefined {
  const last = URL.parse(url)?.pathname.split('/').at(-1);
  return last === '' ? undefined : last;
}
