/** A new address for a download whose link has died. */
import { Button, Modal, Textarea } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import type { RequestDraft } from '#shared/orders';
import { isWebAddress } from '../../format/proxy.ts';
import { causeText } from '../../i18n/failure-text.ts';
import { useTexts } from '../../i18n/use-texts.ts';
import { toRefusal } from '../../state/app.ts';
import type { Dialog } from '../../state/dialogs.ts';
import { useApp, useRow } from '../../state/use-app.ts';
import classes from './dialogs.module.css';

interface NewLinkDialogProps {
  readonly dialog: Extract<Dialog, { type: 'newLink' }>;
  onClose(): void;
}

export function NewLinkDialog({ dialog: { id }, onClose }: NewLinkDialogProps) {
  const app = useApp();
  const { t } = useTexts();
  const row = useRow(id);
  const [url, setUrl] = useState('');
  const [refusal, setRefusal] = useState<string>();
  const [isSending, setSending] = useState(false);
  /** An address, or the request of a copied command. What is neither is said. */
  const requestIn = async (text: string): Promise<RequestDraft | undefined> => {
    if (isWebAddress(text)) return { url: text };
    const { requests, remarks } = await app.call('text.parse', { text });
    const [request] = requests;
    if (request !== undefined && requests.length === 1) return request;
    setRefusal(remarks[0] ?? t('request.badAddress'));
    return undefined;
  };
  const send = async (event: FormEvent) => {
    event.preventDefault();
    setSending(true);
    try {
      const request = await requestIn(url.trim());
      if (request === undefined) return;
      const { isOpen, startsOver } = await app.call('link.replace', { id, url: request.url, request });
      if (startsOver) app.notices.show({ level: 'warning', code: 'LINK_UNCOMPARED', message: t('request.linkStartsOver') });
      if (isOpen) app.notices.show({ level: 'info', code: 'LINK_OPEN', message: t('request.linkOpen') });
      onClose();
    } catch (error) {
      setRefusal(causeText(t, toRefusal(error)));
    } finally {
      setSending(false);
    }
  };
  return (
    <Modal
      opened
      onClose={onClose}
      size="lg"
      title={t('request.linkTitle', { name: row?.name ?? '' })}
      closeButtonProps={{ 'aria-label': t('page.close') }}
    >
      <form className={classes.form} onSubmit={(event) => void send(event)}>
        <Textarea
          label={t('request.linkLabel')}
          description={t('request.linkHelp')}
          value={url}
          onChange={(event) => setUrl(event.currentTarget.value)}
          error={refusal}
          autosize
          minRows={2}
          maxRows={6}
          spellCheck={false}
          data-autofocus
        />
        <div className={classes.buttons}>
          <Button variant="default" size="sm" onClick={onClose}>
            {t('request.cancel')}
          </Button>
          <Button type="submit" size="sm" loading={isSending} disabled={url.trim() === ''}>
            {t('request.linkUse')}
          </Button>
        </div>
      </form>
    </Modal>
  );
}
