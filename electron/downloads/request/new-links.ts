/** New links for downloads whose own have died: whom one may belong to, and whether it leads to the same file. */
import { setTimeout as sleep } from 'node:timers/promises';
import { addressKey } from '#downloads/intake/adding';
import { withLoginApart } from '#downloads/intake/login-apart';
import type { DownloadList } from '#downloads/list/download-list';
import type { LinkVerdict, ListedDownload } from '#downloads/list/listed-download';
import { safeUrl } from '#engine';
import { CallError } from '#shared/call-failures';
import type { Failure } from '#shared/failure';
import type { RequestDraft } from '#shared/orders';

export interface NewLinkPorts {
  readonly list: DownloadList;
  /** @throws CallError BAD_INPUT for what cannot be sent. */
  check(draft: RequestDraft): RequestDraft;
  take(listed: ListedDownload, draft: RequestDraft): Promise<void>;
}

/** How a download was before it was given a new link: what it goes back to if that is wrong. */
interface Before {
  readonly draft: RequestDraft;
  readonly rests: 'paused' | 'failed' | undefined;
  readonly failure: Failure | undefined;
}

/** What is known when the wait for a verdict is over; see `link.replace` of the contract. */
export interface LinkTaken {
  readonly isOpen: boolean;
  readonly startsOver: boolean;
}

const open: LinkTaken = { isOpen: true, startsOver: false };

export class NewLinks {
  readonly #ports: NewLinkPorts;
  /** Those whose new link's server has not told yet. */
  readonly #open = new Map<string, Before>();

  constructor(ports: NewLinkPorts) {
    this.#ports = ports;
  }

  /**
   * Its bytes are compared with those on disk before one of the new is trusted; a download at rest is begun for that.
   * Waits for the verdict `waitMs` at most. @returns whether it is still open: a wrong link is taken back later then.
   * @throws CallError WRONG_FILE, LINK_REFUSED: nothing is changed then. BAD_INPUT, NOT_NOW.
   */
  async replace(id: string, given: RequestDraft, waitMs: number): Promise<LinkTaken> {
    const { list, check, take } = this.#ports;
    const listed = list.require(id);
    const before = this.#open.get(id) ?? standing(listed);
    const isSameOrigin = URL.parse(given.url)?.origin === URL.parse(before.draft.url)?.origin;
    // What tells who the user is stays with the server it was given for.
    const draft = check(withLoginApart({ ...(isSameOrigin ? before.draft : impersonal(before.draft)), ...given }));
    if (listed.isLive && !listed.needsLink && listed.record.resumable === false)
      throw new CallError('NOT_NOW', 'its server gives the file in one piece only, and is giving it: pause it first');
    // A new login for the same address is an edit: what it leads to is judged as ever.
    const mustCompare = listed.canCompare && addressKey(draft.url) !== addressKey(listed.draft.url);
    const startsOver = !listed.canCompare && listed.record.size === undefined && listed.doneBytes > 0;
    const verdict = mustCompare ? listed.linkVerdict() : undefined;
    await take(listed, draft);
    const url = safeUrl(draft.url);
    listed.log('info', 'new-link', `the link is now ${url}`, { url });
    if (verdict === undefined) {
      listed.draftBefore = before.draft;
      if (before.rests === 'failed') await list.start([id]);
      if (startsOver)
        listed.log('warning', 'link-uncompared', 'the size of the file is not known, so the new link starts it over');
      return { isOpen: false, startsOver };
    }
    this.#open.set(id, before);
    if (!listed.isLive) await list.force([id]);
    const settled = verdict.then((known) => this.#settle(listed, before, known));
    // What nobody waits for any more is told in its log.
    settled.catch(() => {});
    const patience = new AbortController();
    try {
      return await Promise.race([settled, sleep(waitMs, open, { signal: patience.signal })]);
    } finally {
      patience.abort();
    }
  }

  /** Downloads in want of a link that this address may be the new one of, the likeliest first. `size` in bytes, where it is known. */
  match(url: string, size: number | undefined): string[] {
    const name = lastSegment(url);
    const key = addressKey(url);
    const host = URL.parse(url)?.hostname;
    const score = ({ draft, record, needsLink }: ListedDownload): number => {
      const isOther = size !== undefined && record.size !== undefined && size !== record.size;
      if (!needsLink || isOther || addressKey(draft.url) === key) return 0;
      const hasName = name !== undefined && (lastSegment(draft.url) === name || record.name === name);
      const hasSize = size !== undefined && size === record.size;
      const hasHost = URL.parse(draft.url)?.hostname === host;
      return (hasSize ? 4 : 0) + (hasName ? 2 : 0) + (hasHost ? 1 : 0);
    };
    return [...this.#ports.list.all()]
      .map((listed) => ({ id: listed.id, score: score(listed) }))
      .filter((one) => one.score > 0)
      .sort((a, b) => b.score - a.score)
      .map(({ id }) => id);
  }

  async #settle(listed: ListedDownload, before: Before, verdict: LinkVerdict): Promise<LinkTaken> {
    // Another link was given meanwhile, and has a verdict of its own.
    if (this.#open.get(listed.id) !== before) return open;
    // Stopped by somebody: the comparison is made when it goes on.
    if (verdict === 'open') return open;
    this.#open.delete(listed.id);
    const { list } = this.#ports;
    if (verdict === 'same') {
      listed.draftBefore = before.draft;
      if (before.rests === 'paused') await list.pause([listed.id]);
      return { isOpen: false, startsOver: false };
    }
    listed.log('warning', 'link-refused', `the new link was refused, and the one before is back: ${verdict.message}`, {
      cause: verdict,
    });
    if (before.rests !== undefined) await listed.stop('person');
    await this.#ports.take(listed, before.draft);
    if (before.rests === 'failed' && before.failure) {
      listed.fail(before.failure);
      await list.change(listed, {});
    } else if (before.rests === undefined && listed.record.rests === 'failed') await list.start([listed.id]);
    if (verdict.code === 'E_REMOTE_CHANGED')
      throw new CallError('WRONG_FILE', `the new link leads to another file, and nothing was changed: ${verdict.message}`);
    throw new CallError('LINK_REFUSED', `the new link does not give the file, and nothing was changed: ${verdict.message}`);
  }
}

const standing = ({ draft, record: { rests, failure } }: ListedDownload): Before => ({
  draft,
  rests,
  failure: failure as Failure | undefined,
});

const impersonal = ({ userAgent, proxy }: RequestDraft): Partial<RequestDraft> => ({
  ...(userAgent !== undefined && { userAgent }),
  ...(proxy !== undefined && { proxy }),
});

export function lastSegment(url: string): string | undefined {
  const last = URL.parse(url)?.pathname.split('/').at(-1);
  return last === '' ? undefined : last;
}
