/** The dialog that adds downloads: text in, downloads found, where and how. */
import { Button, Modal, Textarea } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { type FormEvent, useEffect } from 'react';
import { useStore } from 'zustand';
import { hostOf } from '../../format/address.ts';
import { useTexts } from '../../i18n/use-texts.ts';
import type { Found } from '../../state/adding.ts';
import type { Dialog } from '../../state/dialogs.ts';
import { wrongOptions } from '../../state/order-draft.ts';
import { useApp } from '../../state/use-app.ts';
import { pickFiles } from '../../ui/files.ts';
import { Icon } from '../../ui/icon.tsx';
import classes from './add.module.css';
import { FoundList } from './found-list.tsx';
import { PlaceOptions, RequestOptions } from './options.tsx';

const typingRestsMs = 300;
const linkFiles = '.txt,.url,.webloc,.html,.htm,.csv,.json,text/*';

type AddDialogInput = Extract<Dialog, { type: 'add' }>;

/** What was dropped or pasted joins what was typed before. The desktop app looks into the clipboard where nothing was given. */
function useGiven(dialog: AddDialogInput): void {
  const { adding, attempt, call, transport } = useApp();
  useEffect(() => {
    const { text, files, isForeign } = dialog;
    const take = (given: string) => {
      const before = adding.store.getState().text.trim();
      adding.setText(before === '' ? given : `${before}\n${given}`);
    };
    if (isForeign) adding.hold(true);
    if (text !== undefined) take(text);
    if (files !== undefined) void attempt(() => adding.addFiles(files));
    if (text !== undefined || files !== undefined || !transport.isDesktop) return;
    if (adding.store.getState().text.trim() === '') {
      void attempt(async () => {
        const copied = await call('desktop.clipboard');
        if (adding.store.getState().text.trim() === '') take(copied.text);
      });
    }
  }, [adding, attempt, call, transport, dialog]);
}

/** Reads the text when typing rests, then looks at what was found. Closing the dialog ends the looks. */
function useReading(): void {
  const { adding, attempt } = useApp();
  const text = useStore(adding.store, (state) => state.text);
  const keys = useStore(adding.store, ({ found }) => found.map(({ key }) => key).join('\n'));
  const isHeld = useStore(adding.store, (state) => state.isHeld);
  useEffect(() => {
    if (text.trim() === '' && adding.store.getState().found.length === 0) return;
    const timer = setTimeout(() => void attempt(() => adding.read()), typingRestsMs);
    return () => clearTimeout(timer);
  }, [adding, attempt, text]);
  useEffect(() => {
    if (keys === '' || isHeld) return;
    const ending = new AbortController();
    void adding.look(ending.signal);
    return () => ending.abort();
  }, [adding, keys, isHeld]);
}

export function AddDialog({ dialog, onClose }: { readonly dialog: AddDialogInput; onClose(): void }) {
  const { t } = useTexts();
  const isNarrow = useMediaQuery('(max-width: 639px)', false);
  return (
    <Modal
      opened
      onClose={onClose}
      title={t('add.title')}
      size={760}
      fullScreen={isNarrow}
      closeButtonProps={{ 'aria-label': t('page.close') }}
    >
      <AddForm dialog={dialog} onClose={onClose} />
    </Modal>
  );
}

function AddForm({ dialog, onClose }: { readonly dialog: AddDialogInput; onClose(): void }) {
  const { t } = useTexts();
  const app = useApp();
  const { adding } = app;
  const state = useStore(adding.store);
  useGiven(dialog);
  useReading();
  const isWrong = wrongOptions(state.options).size > 0;
  const isEmpty = state.text.trim() === '' && state.found.length === 0;
  const hasNone = !isEmpty && state.readText === state.text && state.found.length === 0;

  const send = async (event: FormEvent) => {
    event.preventDefault();
    if (isWrong || isEmpty) return;
    let added = 0;
    const isSent = await app.attempt(async () => {
      added = await adding.send();
    });
    if (!isSent) return;
    if (added > 0) app.notices.show({ level: 'info', code: 'ADDED', message: t('add.added', { count: added }) });
    if (added > 0 && adding.store.getState().found.length === 0) onClose();
  };

  return (
    <form className={classes.form} onSubmit={(event) => void send(event)}>
      <Textarea
        label={t('add.links')}
        description={t('add.linksHelp')}
        value={state.text}
        onChange={(event) => adding.setText(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) event.currentTarget.form?.requestSubmit();
        }}
        error={hasNone && state.text.trim().length > 8 ? t('add.nothingFound') : undefined}
        autosize
        minRows={3}
        maxRows={9}
        spellCheck={false}
        data-autofocus
      />
      {state.isHeld && state.found.length > 0 && <HeldNote found={state.found} onAsk={() => adding.hold(false)} />}
      {state.found.length > 0 && <FoundList onClose={onClose} />}
      {state.remarks.length > 0 && (
        <ul className={classes.remarks} aria-label={t('add.remarks', { count: state.remarks.length })}>
          {state.remarks.slice(0, 5).map((remark) => (
            <li key={remark}>{remark}</li>
          ))}
        </ul>
      )}
      <PlaceOptions />
      <RequestOptions />
      <div className={classes.foot}>
        <Button
          variant="subtle"
          color="gray"
          size="sm"
          leftSection={<Icon name="document" size={16} />}
          onClick={() => void pickFiles(linkFiles).then((files) => app.attempt(() => adding.addFiles(files)))}
        >
          {t('add.openFile')}
        </Button>
        <span className={classes.push} role="status">
          {state.isReading && t('add.reading')}
        </span>
        <Button variant="default" size="sm" onClick={onClose}>
          {t('add.cancel')}
        </Button>
        <Button type="submit" size="sm" disabled={isEmpty || isWrong} loading={state.isSending}>
          {t('add.download')}
        </Button>
      </div>
    </form>
  );
}

const mostHosts = 5;

/** Where links of another program lead, before anything is asked of those places. */
function HeldNote({ found, onAsk }: { readonly found: readonly Found[]; onAsk(): void }) {
  const { t } = useTexts();
  const hosts = [...new Set(found.map(({ request }) => hostOf(request.url)))];
  const shown = hosts.slice(0, mostHosts).join(', ') + (hosts.length > mostHosts ? ' …' : '');
  return (
    <div className={classes.held} role="note">
      <p>{t('add.foreign', { hosts: shown })}</p>
      <Button variant="default" onClick={onAsk}>
        {t('add.foreignAsk')}
      </Button>
    </div>
  );
}
