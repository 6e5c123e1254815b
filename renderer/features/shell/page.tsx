/** The whole page: filters, commands, list, details, and whatever dialog is open. */
import { Suspense, useEffect, useState } from 'react';
import { useTexts } from '../../i18n/use-texts.ts';
import { useApp, useConnection, useDetails, useDialog, useView } from '../../state/use-app.ts';
import { DownloadList } from '../list/download-list.tsx';
import { useItems } from '../list/use-items.ts';
import { ConnectionBanner, SignIn } from './connection.tsx';
import { DropZone } from './drop-zone.tsx';
import { Empty } from './empty.tsx';
import {
  AddDialog,
  DetailsPanel,
  fetchLater,
  LimitsDialog,
  NewLinkDialog,
  RemoveDialog,
  SettingsDialog,
  ShortcutsDialog,
} from './later.ts';
import { NoticeStack } from './notices.tsx';
import classes from './shell.module.css';
import { Sidebar } from './sidebar.tsx';
import { StatusBar } from './status-bar.tsx';
import { Toolbar } from './toolbar.tsx';
import { usePageKeys } from './use-page-keys.ts';

export function Page() {
  const { t } = useTexts();
  const state = useConnection();
  const [isSideOpen, setSideOpen] = useState(false);
  usePageKeys();
  useEffect(fetchLater, []);
  if (state === 'refused') return <SignIn />;
  return (
    <div className={classes.page}>
      <Sidebar isOpen={isSideOpen} onChosen={() => setSideOpen(false)} />
      {isSideOpen && (
        <button type="button" className={classes.veil} aria-label={t('page.close')} onClick={() => setSideOpen(false)} />
      )}
      <Toolbar onOpenFilters={() => setSideOpen(true)} />
      <main className={classes.main}>
        <ConnectionBanner />
        <Content />
      </main>
      <StatusBar />
      <NoticeStack />
      <DropZone />
      <Suspense>
        <OpenDialog />
      </Suspense>
    </div>
  );
}

function Content() {
  const items = useItems();
  const openId = useDetails((state) => state.openId);
  const isFiltered = useView(({ filter, category, search }) => filter !== 'all' || category !== undefined || search !== '');
  return (
    <>
      {items.count === 0 ? <Empty isFiltered={isFiltered} /> : <DownloadList items={items} />}
      {openId !== undefined && (
        <Suspense>
          <DetailsPanel id={openId} />
        </Suspense>
      )}
    </>
  );
}

function OpenDialog() {
  const { dialogs } = useApp();
  const dialog = useDialog();
  const onClose = () => dialogs.setState({ dialog: undefined });
  switch (dialog?.type) {
    case 'add':
      return <AddDialog dialog={dialog} onClose={onClose} />;
    case 'settings':
      return <SettingsDialog section={dialog.section} onClose={onClose} />;
    case 'shortcuts':
      return <ShortcutsDialog onClose={onClose} />;
    case 'remove':
      return <RemoveDialog dialog={dialog} onClose={onClose} />;
    case 'newLink':
      return <NewLinkDialog dialog={dialog} onClose={onClose} />;
    case 'limits':
      return <LimitsDialog dialog={dialog} onClose={onClose} />;
    case undefined:
      return null;
  }
}
