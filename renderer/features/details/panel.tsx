/** The details of one download: under the list, or over it where there is little room. */
import { Modal, Tabs } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import type { KeyboardEvent, PointerEvent } from 'react';
import { useStore } from 'zustand';
import type { DownloadId, DownloadRow } from '#shared/rows';
import { useTexts } from '../../i18n/use-texts.ts';
import { type DetailTab, detailTabs } from '../../state/details.ts';
import { finishedRow } from '../../state/finished-row.ts';
import { useApp, useDetails, useRow, useView } from '../../state/use-app.ts';
import { IconButton } from '../../ui/icon-button.tsx';
import { RequestTab } from '../request/request-tab.tsx';
import classes from './details.module.css';
import { FileTab } from './file-tab.tsx';
import { LogTab } from './log-tab.tsx';
import { SegmentsTab } from './segments-tab.tsx';
import { SpeedTab } from './speed-tab.tsx';

/** The row of a download wherever it is kept. */
function useAnyRow(id: DownloadId): DownloadRow | undefined {
  const { history } = useApp();
  const live = useRow(id);
  const finished = useStore(history.store, ({ byId }) => byId.get(id));
  return live ?? (finished === undefined ? undefined : finishedRow(finished));
}

export function DetailsPanel({ id }: { readonly id: DownloadId }) {
  const app = useApp();
  const { t } = useTexts();
  const row = useAnyRow(id);
  const isNarrow = useMediaQuery('(max-width: 639px)', false);
  const heightPx = useView((view) => view.panelHeightPx);
  const close = () => {
    app.details.close();
    if (!isNarrow) app.view.setState({ isPanelOpen: false });
    document.getElementById('downloads')?.focus();
  };
  if (row === undefined) return null;
  const label = t('details.label', { name: row.name });
  if (isNarrow) {
    return (
      <Modal opened onClose={close} fullScreen title={row.name} closeButtonProps={{ 'aria-label': t('details.close') }}>
        <Body row={row} />
      </Modal>
    );
  }
  return (
    <section className={classes.panel} aria-label={label} style={{ height: `min(${heightPx}px, 70%)` }}>
      <Grip heightPx={heightPx} />
      <Body row={row} onClose={close} />
    </section>
  );
}

function Body({ row, onClose }: { readonly row: DownloadRow; onClose?(): void }) {
  const app = useApp();
  const { t } = useTexts();
  const tab = useDetails((state) => state.tab);
  return (
    <Tabs
      value={tab}
      onChange={(value) => value !== null && app.details.store.setState({ tab: value as DetailTab })}
      className={classes.sheet ?? ''}
    >
      <div className={classes.bar}>
        <Tabs.List>
          {detailTabs.map((id) => (
            <Tabs.Tab key={id} value={id} className={classes.tab ?? ''}>
              {t(`details.tab.${id}`)}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        {onClose !== undefined && (
          <>
            <span className={classes.barName} title={row.name}>
              {row.name}
            </span>
            <IconButton icon="close" label={t('details.close')} size={28} onClick={onClose} />
          </>
        )}
      </div>
      {detailTabs.map((id) => (
        <Tabs.Panel key={id} value={id} className={classes.content ?? ''}>
          <Content tab={id} row={row} />
        </Tabs.Panel>
      ))}
    </Tabs>
  );
}

function Content({ tab, row }: { readonly tab: DetailTab; readonly row: DownloadRow }) {
  const { t } = useTexts();
  if (row.state === 'done' && (tab === 'segments' || tab === 'speed' || tab === 'request'))
    return <p className={classes.soft}>{t('details.onlyLive')}</p>;
  switch (tab) {
    case 'segments':
      return <SegmentsTab row={row} />;
    case 'speed':
      return <SpeedTab />;
    case 'request':
      return <RequestTab key={row.id} id={row.id} />;
    case 'log':
      return <LogTab key={row.id} id={row.id} />;
    case 'file':
      return <FileTab key={row.id} row={row} />;
  }
}

const lowestPx = 160;
const keyStepPx = 24;

function Grip({ heightPx }: { readonly heightPx: number }) {
  const { view } = useApp();
  const { t } = useTexts();
  const resize = (next: number) =>
    view.setState({ panelHeightPx: Math.round(Math.min(window.innerHeight * 0.7, Math.max(lowestPx, next))) });
  const onPointerDown = (event: PointerEvent<HTMLDivElement>) => {
    event.preventDefault();
    const grip = event.currentTarget;
    const from = event.clientY;
    grip.setPointerCapture(event.pointerId);
    grip.onpointermove = (moved) => resize(heightPx + from - moved.clientY);
    grip.onpointerup = () => {
      grip.onpointermove = null;
    };
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const way = event.key === 'ArrowUp' ? 1 : event.key === 'ArrowDown' ? -1 : 0;
    if (way === 0) return;
    event.preventDefault();
    resize(heightPx + way * keyStepPx);
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: an <hr> cannot be moved.
    <div
      role="separator"
      tabIndex={0}
      aria-orientation="horizontal"
      aria-label={t('details.resizePanel')}
      aria-valuenow={heightPx}
      aria-valuemin={lowestPx}
      aria-valuemax={2000}
      className={classes.grip}
      onPointerDown={onPointerDown}
      onKeyDown={onKeyDown}
    />
  );
}
