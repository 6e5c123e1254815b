/** A new address for a download whose link has died. */
import { Button, Modal, Textarea } from '@mantine/core';
import { type FormEvent, useState } from 'react';
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
  const send = async (event: FormEvent) => {
    event.preventDefault();
    const address = url.trim();
    if (!isWebAddress(address)) return setRefusal(t('request.badAddress'));
    setSending(true);
    try {
      await app.call('link.replace', { id, url: address });
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
