/** Events for programs: one JSON object a line on stdout. The fields are documented in docs/cli.md and stable. */
import { type DownloadRow, type Downloads, type DownloadsEvent, type Outcome, safeUrl } from '#downloads';
import type { DownloadEvent, DownloadProgress, DownloadState } from '#shared/download';
import { cureOf, type Failure } from '#shared/failure';
import type { Output } from './output.ts';

const progressEveryMs = 500;

type Fields = Readonly<Record<string, string | number | boolean | undefined>>;

/** Starts telling; returns what ends it. Without progress, only what happens is told. */
export function tellAsJson(downloads: Downloads, output: Output, withProgress: boolean): () => void {
  const lineOf = (type: string, row: DownloadRow, fields: Fields): string =>
    JSON.stringify({ type, id: row.id, url: safeUrl(row.order.request.url), ...fields });
  const unsubscribe = downloads.subscribe((event) => {
    const fields = eventFields(event);
    if (fields && event.type !== 'forgetful') output.line(lineOf(fields[0], event.row, fields[1]));
  });
  if (!withProgress) return unsubscribe;
  const lastProgress = new Map<number, string>();
  const timer = setInterval(() => {
    for (const row of downloads.rows()) {
      const progress = downloads.progress(row.id);
      const line = progress && lineOf('progress', row, progressFields(progress));
      // Nothing new is not an event.
      if (line !== undefined && line !== lastProgress.get(row.id)) output.line(line);
      if (line === undefined) lastProgress.delete(row.id);
      else lastProgress.set(row.id, line);
    }
  }, progressEveryMs);
  return () => {
    clearInterval(timer);
    unsubscribe();
  };
}

function progressFields({ doneBytes, size, bytesPerSecond, connections }: DownloadProgress): Fields {
  return { bytes: doneBytes, size, bytesPerSecond: Math.round(bytesPerSecond), connections };
}

type Told = readonly [type: string, fields: Fields];

function eventFields(event: DownloadsEvent): Told | undefined {
  switch (event.type) {
    case 'added':
    case 'forgetful':
      return undefined;
    case 'started':
      return ['start', { directory: event.row.order.target.directory }];
    case 'told':
      return toldFields(event.event);
    case 'ended':
      return outcomeFields(event.row, event.outcome);
  }
}

function toldFields(event: DownloadEvent): Told | undefined {
  switch (event.type) {
    case 'identified': {
      const { name, size, resumable, finalUrl, resumedBytes } = event;
      return ['identified', { name, size, resumable, finalUrl: safeUrl(finalUrl), bytes: resumedBytes }];
    }
    case 'state':
      return stateFields(event.state);
    case 'noted':
      return ['note', { code: event.code, message: event.message }];
    case 'restarted':
      return ['restarted', { ...event.failure }];
    // Nobody edits what is fetched here.
    case 'edit-refused':
    case 'exchanged':
      return undefined;
  }
}

function stateFields(state: DownloadState): Told | undefined {
  // How it ended is an event of its own.
  if (state.type === 'done' || state.type === 'skipped' || state.type === 'failed') return undefined;
  if (state.type !== 'waiting') return ['state', { state: state.type }];
  const waitMs = state.until === undefined ? undefined : Math.max(0, Math.round(state.until - performance.now()));
  return ['state', { state: state.type, for: state.for, waitMs, ...state.cause }];
}

function outcomeFields({ name }: DownloadRow, outcome: Outcome): Told {
  switch (outcome.type) {
    case 'done':
      return ['done', { name, path: outcome.path, size: outcome.size, lengthVerified: outcome.lengthVerified }];
    case 'already-there':
      return ['skipped', { reason: 'already-there', path: outcome.path, size: outcome.size }];
    case 'skipped':
      return ['skipped', { reason: 'exists', path: outcome.path }];
    case 'failed':
      return ['failed', { name, ...failureFields(outcome.failure) }];
    case 'stopped':
      return ['stopped', { name }];
  }
}

const failureFields = ({ code, message }: Failure): Fields => ({ code, message, next: cureOf(code) });
