/** The connections of a running download: where each is, and what can be done with it. */
import { useState } from 'react';
import type { DownloadId, DownloadRow, SegmentRow } from '#shared/rows';
import { percentOf } from '#shared/units';
import { rangeText, speedText } from '../../format/size.ts';
import { useTexts } from '../../i18n/use-texts.ts';
import { useApp, useDetails, useList } from '../../state/use-app.ts';
import { Canvas } from '../../ui/canvas.tsx';
import { IconButton } from '../../ui/icon-button.tsx';
import classes from './details.module.css';
import { SegmentMap } from './segment-map.tsx';

const mostConnections = 64;

export function SegmentsTab({ row }: { readonly row: DownloadRow }) {
  const { t } = useTexts();
  const detail = useDetails((state) => (state.openId === row.id ? state.detail : undefined));
  const doneBytes = useList(({ counters }) => counters.get(row.id)?.[1] ?? row.counters[1]);
  return (
    <>
      <div className={classes.mapHead}>
        <ConnectionsStepper row={row} />
        <span className={classes.legend} data-kind="done">
          {t('details.segments.legendDone')}
        </span>
        <span className={classes.legend} data-kind="active">
          {t('details.segments.legendActive')}
        </span>
        <span className={classes.legend}>{t('details.segments.legendOpen')}</span>
      </div>
      {detail !== undefined && <SegmentMap row={row} detail={detail} percent={percentOf(doneBytes, row.size) ?? 0} />}
      {detail !== undefined && <SegmentTable id={row.id} segments={detail.segments} />}
    </>
  );
}

function ConnectionsStepper({ row: { id, connections } }: { readonly row: DownloadRow }) {
  const app = useApp();
  const { t } = useTexts();
  // Shown at once: who presses twice wants two more, and the row tells a moment later.
  const [asked, setAsked] = useState<number>();
  const [calls, setCalls] = useState(0);
  const [before, setBefore] = useState(connections);
  if (before !== connections) {
    setBefore(connections);
    // What comes while a call is under way may be older than it.
    if (calls === 0) setAsked(undefined);
  }
  const shown = asked ?? connections;
  const set = async (next: number) => {
    setAsked(next);
    setCalls((count) => count + 1);
    const isTaken = await app.attempt(() => app.call('downloads.set', { ids: [id], connections: next }));
    setCalls((count) => count - 1);
    if (!isTaken) setAsked(undefined);
  };
  return (
    <span className={classes.stepper}>
      {t('details.segments.connections')}
      <IconButton
        icon="minus"
        size={26}
        label={t('details.segments.fewer')}
        isDisabled={shown <= 1}
        onClick={() => void set(shown - 1)}
      />
      <output>{shown}</output>
      <IconButton
        icon="add"
        size={26}
        label={t('details.segments.moreOf')}
        isDisabled={shown >= mostConnections}
        onClick={() => void set(shown + 1)}
      />
    </span>
  );
}

function SegmentTable({ id, segments }: { readonly id: DownloadId; readonly segments: readonly SegmentRow[] }) {
  const { t } = useTexts();
  if (segments.length === 0) return <p className={classes.soft}>{t('details.segments.none')}</p>;
  return (
    <div className={classes.scroll}>
      <table className={classes.table} aria-label={t('details.segments.table')}>
        <thead>
          <tr>
            <th>{t('details.segments.number')}</th>
            <th>{t('details.segments.range')}</th>
            <th>{t('details.segments.progress')}</th>
            <th>{t('details.segments.address')}</th>
            <th data-end>{t('details.segments.speed')}</th>
            <th>{t('details.segments.state')}</th>
            <th>{t('details.segments.actions')}</th>
          </tr>
        </thead>
        <tbody>
          {segments.map((segment) => (
            <SegmentLine key={segment.id} id={id} segment={segment} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

const barPx = { width: 120, height: 6 } as const;

function SegmentLine({ id, segment }: { readonly id: DownloadId; readonly segment: SegmentRow }) {
  const { t } = useTexts();
  const { start, cursor, end, state, address, bytesPerSecond, isHedge } = segment;
  const share = end > start ? (cursor - start) / (end - start) : 0;
  return (
    <tr>
      <td>{segment.id}</td>
      <td className={classes.mono}>{end > start ? rangeText(start, end) : ''}</td>
      <td>
        <Canvas {...barPx} draw={({ context, color }) => drawShare(context, share, color('track'), color('running'))} />
      </td>
      <td className={classes.mono}>{address ?? ''}</td>
      <td data-end>{speedText(bytesPerSecond)}</td>
      <td title={isHedge ? t('details.segments.hedge') : undefined}>
        {t(`details.segments.${state}`)}
        {isHedge ? ' ⇉' : ''}
      </td>
      <td>
        <SegmentActions id={id} segment={segment} />
      </td>
    </tr>
  );
}

function drawShare(context: CanvasRenderingContext2D, share: number, track: string, running: string): void {
  for (const [width, color] of [
    [barPx.width, track],
    [barPx.width * share, running],
  ] as const) {
    if (width <= 0) continue;
    context.fillStyle = color;
    context.beginPath();
    context.roundRect(0, 0, width, barPx.height, Math.min(barPx.height, width) / 2);
    context.fill();
  }
}

function SegmentActions({ id, segment }: { readonly id: DownloadId; readonly segment: SegmentRow }) {
  const app = useApp();
  const { t } = useTexts();
  const input = { id, segment: segment.id };
  const number = segment.id;
  const isHeld = segment.state === 'held';
  const act = (name: 'segment.hold' | 'segment.release' | 'segment.restart' | 'segment.drop') =>
    void app.attempt(() => app.call(name, input));
  return (
    <span className={classes.actions}>
      {isHeld ? (
        <IconButton
          icon="resume"
          size={26}
          label={t('details.segments.release', { number })}
          onClick={() => act('segment.release')}
        />
      ) : (
        <IconButton icon="hold" size={26} label={t('details.segments.hold', { number })} onClick={() => act('segment.hold')} />
      )}
      <IconButton
        icon="restart"
        size={26}
        label={t('details.segments.restart', { number })}
        onClick={() => act('segment.restart')}
      />
      <IconButton icon="drop" size={26} label={t('details.segments.drop', { number })} onClick={() => act('segment.drop')} />
    </span>
  );
}
