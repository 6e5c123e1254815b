/** The request of one download while it is edited. What is typed outlives the panel: it is kept until saved or discarded. */
import { useEffect, useState } from 'react';
import type { Result } from '#shared/contract';
import type { DownloadId } from '#shared/rows';
import { toRefusal } from '../../state/app.ts';
import { type RequestDraftState, toDraft, toRequestView } from '../../state/request-draft.ts';
import { useApp, useDetails } from '../../state/use-app.ts';

type Saved = Result<'request.read'>;

/** What is typed, and how often the request had been changed when it was begun. */
interface Unsaved {
  readonly draft: RequestDraftState;
  readonly changes: number;
}

const unsaved = new Map<DownloadId, Unsaved>();

export interface RequestEditor {
  readonly saved: Saved | undefined;
  readonly draft: RequestDraftState | undefined;
  readonly isChanged: boolean;
  /** The request was changed elsewhere since the edit was begun. */
  readonly isOutdated: boolean;
  readonly refusal: { readonly code: string; readonly message: string } | undefined;
  readonly wasSaved: boolean;
  change(change: Partial<RequestDraftState>): void;
  save(): Promise<void>;
  discard(): void;
  rollBack(): Promise<void>;
  reveal(): Promise<void>;
}

export function useRequest(id: DownloadId): RequestEditor {
  const { call } = useApp();
  const [saved, setSaved] = useState<Saved>();
  const [draft, setDraft] = useState<RequestDraftState | undefined>(() => unsaved.get(id)?.draft);
  const changes = useDetails(({ openId, detail }) => (openId === id ? detail?.requestChanges : undefined));
  const [refusal, setRefusal] = useState<RequestEditor['refusal']>();
  const [wasSaved, setWasSaved] = useState(false);

  const attempt = async (action: () => Promise<void>) => {
    try {
      await action();
      setRefusal(undefined);
    } catch (error) {
      setRefusal(toRefusal(error));
    }
  };
  /** What is being edited is not replaced by what is read. */
  const read = async (reveal: boolean, isFresh: boolean) => {
    const answer = await call('request.read', { id, reveal });
    setSaved(answer);
    if (isFresh || !unsaved.has(id)) {
      unsaved.delete(id);
      setDraft(toDraft(answer.request));
    }
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: read once for each download, and when its request is another.
  useEffect(() => void attempt(() => read(false, false)), [id, changes]);
  const begun = unsaved.get(id)?.changes;

  return {
    ...{ saved, draft, refusal, wasSaved },
    isChanged: begun !== undefined,
    isOutdated: begun !== undefined && saved !== undefined && begun !== saved.changes,
    change(change) {
      if (draft === undefined) return;
      const next = { ...draft, ...change };
      unsaved.set(id, { draft: next, changes: begun ?? saved?.changes ?? 0 });
      setDraft(next);
      setWasSaved(false);
    },
    save: () =>
      attempt(async () => {
        if (draft === undefined || saved === undefined) return;
        // The link is changed by a dialog of its own, perhaps since this was begun.
        const { url } = saved.request;
        await call('request.write', { id, request: { ...toRequestView(draft), url } });
        await read(false, true);
        setWasSaved(true);
      }),
    discard() {
      unsaved.delete(id);
      setRefusal(undefined);
      if (saved !== undefined) setDraft(toDraft(saved.request));
    },
    rollBack: () =>
      attempt(async () => {
        await call('request.rollBack', { id });
        await read(false, true);
      }),
    reveal: () => attempt(() => read(true, true)),
  };
}
