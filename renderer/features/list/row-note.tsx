/** The second line of a row: what it is doing, why it waits or failed, and the cure. */
import type { Counters, DownloadRow } from '#shared/rows';
import { sizeText } from '../../format/size.ts';
import { spanText } from '../../format/time.ts';
import { causeText } from '../../i18n/failure-text.ts';
import { type Translate, useTexts } from '../../i18n/use-texts.ts';
import { applyCure } from '../../state/actions.ts';
import { cureFor } from '../../state/cure.ts';
import { useApp } from '../../state/use-app.ts';
import { useNow } from '../../ui/use-now.ts';
import classes from './list.module.css';

interface RowNoteProps {
  readonly row: DownloadRow;
  readonly counters: Counters;
  /** Compact rows say only what a person has to know. */
  readonly isBrief: boolean;
}

export function RowNote({ row, counters, isBrief }: RowNoteProps) {
  const app = useApp();
  const { t, language } = useTexts();
  const now = useNow(row.until !== undefined);
  const tone = row.state === 'failed' || row.isMissing ? 'failed' : row.state === 'waiting' ? 'waiting' : undefined;
  if (isBrief && tone === undefined) return null;
  const text =
    tone === undefined ? calmNote(row, counters, t) : troubleNote(row, t, (at) => spanText((at - now) / 1000, language));
  const cure = cureFor(row);
  return (
    <span className={classes.note} data-tone={tone} data-figures={row.state === 'running' || undefined}>
      <span className={classes.clip} title={row.failure?.message ?? text}>
        {text}
      </span>
      {cure !== undefined && (
        <button
          type="button"
          className={classes.cure}
          tabIndex={-1}
          onClick={(event) => {
            event.stopPropagation();
            applyCure(app, row.id, cure);
          }}
          onDoubleClick={(event) => event.stopPropagation()}
        >
          {t(`list.cure.${cure}`)}
        </button>
      )}
    </span>
  );
}

function calmNote(row: DownloadRow, [, doneBytes, , connections]: Counters, t: Translate): string {
  if (row.state === 'done') return row.category || row.directory;
  const progress =
    row.size === undefined ? sizeText(doneBytes) : t('list.ofSize', { done: sizeText(doneBytes), size: sizeText(row.size) });
  if (row.state !== 'running') return doneBytes > 0 ? progress : row.category || row.directory;
  if (row.phase !== undefined && row.phase !== 'active') return t(`list.phase.${row.phase}`);
  return [progress, connections > 0 ? t('list.openConnections', { count: connections }) : ''].filter(Boolean).join(' · ');
}

function troubleNote(row: DownloadRow, t: Translate, spanTo: (at: number) => string): string {
  if (row.isMissing) return t('list.missing');
  const cause = row.failure === undefined ? undefined : causeText(t, row.failure);
  if (row.state === 'failed') return cause ?? t('list.state.failed');
  const wait = row.waitingFor === undefined ? t('list.state.waiting') : t(`list.waitingFor.${row.waitingFor}`);
  // How long comes first: it is what changes, and what is cut off last.
  return [row.until === undefined ? '' : spanTo(row.until), wait, cause].filter(Boolean).join(' · ');
}
