/** The second line of a row: what it is doing, why it waits or failed, and the cure. */
import { linkLifeOf } from '#shared/link-life';
import type { Counters, DownloadRow } from '#shared/rows';
import { sizeText } from '../../format/size.ts';
import { type Language, spanText } from '../../format/time.ts';
import { causeText } from '../../i18n/failure-text.ts';
import { linkText } from '../../i18n/link-text.ts';
import { type Translate, useTexts } from '../../i18n/use-texts.ts';
import { applyCure } from '../../state/actions.ts';
import { curesFor } from '../../state/cure.ts';
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
  const now = useNow(row.until !== undefined || row.linkExpiresAt !== undefined);
  const spanTo = (at: number) => spanText((at - now) / 1000, language);
  const link = linkNote({ ...row, counters }, now, t, language);
  const isRefused = row.state === 'running' && row.editRefused !== undefined;
  const tone =
    row.state === 'failed' || row.isMissing
      ? 'failed'
      : row.state === 'waiting' || link?.isTooShort || isRefused
        ? 'waiting'
        : undefined;
  if (isBrief && tone === undefined) return null;
  const isTrouble = row.state === 'failed' || row.state === 'waiting' || row.isMissing === true;
  const note = isTrouble ? troubleNote(row, t, spanTo) : calmNote(row, counters, t);
  // What is short comes first: the end of the line is cut off.
  const text = (link?.isTooShort ? [link.text, note] : [note, link?.text]).filter(Boolean).join(' · ');
  return (
    <span className={classes.note} data-tone={tone} data-figures={row.state === 'running' || undefined}>
      <span className={classes.clip} title={row.failure?.message ?? text}>
        {text}
      </span>
      {curesFor(row).map((cure) => (
        <button
          key={cure}
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
      ))}
    </span>
  );
}

/** How long its link lives, and whether that is enough. Nothing where it waits for a new one anyway. */
function linkNote(row: DownloadRow, now: number, t: Translate, language: Language) {
  const life = row.waitingFor === 'url' || row.state === 'failed' ? undefined : linkLifeOf(row, now);
  if (life === undefined) return undefined;
  return { text: linkText(life, t, language), isTooShort: life.isTooShort };
}

function calmNote(row: DownloadRow, [, doneBytes, , connections]: Counters, t: Translate): string {
  if (row.state === 'done') return row.category || row.directory;
  const progress =
    row.size === undefined ? sizeText(doneBytes) : t('list.ofSize', { done: sizeText(doneBytes), size: sizeText(row.size) });
  if (row.state !== 'running') return doneBytes > 0 ? progress : row.category || row.directory;
  if (row.editRefused) return t('list.editRefused', { cause: causeText(t, row.editRefused) });
  if (row.phase !== undefined && row.phase !== 'active') return t(`list.phase.${row.phase}`);
  const open = connections > 0 ? t('list.openConnections', { count: connections }) : '';
  return [progress, open, row.resumable === false ? t('list.notResumable') : ''].filter(Boolean).join(' · ');
}

function troubleNote(row: DownloadRow, t: Translate, spanTo: (at: number) => string): string {
  if (row.isMissing) return t('list.missing');
  const cause = row.failure === undefined ? undefined : causeText(t, row.failure);
  if (row.state === 'failed') return cause ?? t('list.state.failed');
  const wait = row.waitingFor === undefined ? t('list.state.waiting') : t(`list.waitingFor.${row.waitingFor}`);
  // How long comes first: it is what changes, and what is cut off last.
  return [row.until === undefined ? '' : spanTo(row.until), wait, cause].filter(Boolean).join(' · ');
}
