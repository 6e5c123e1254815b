/** Asks before downloads are removed, and whether their files go too. */
import { Button, Checkbox, Modal } from '@mantine/core';
import { useState } from 'react';
import { useTexts } from '../../i18n/use-texts.ts';
import { remove } from '../../state/actions.ts';
import type { Dialog } from '../../state/dialogs.ts';
import { useApp } from '../../state/use-app.ts';
import classes from './dialogs.module.css';

interface RemoveDialogProps {
  readonly dialog: Extract<Dialog, { type: 'remove' }>;
  onClose(): void;
}

export function RemoveDialog({ dialog: { ids, deleteFiles }, onClose }: RemoveDialogProps) {
  const app = useApp();
  const { t } = useTexts();
  const [isDeleting, setDeleting] = useState(deleteFiles);
  const [isSending, setSending] = useState(false);
  const [first] = ids;
  const name =
    first === undefined ? '' : (app.list.store.getState().rows.get(first) ?? app.history.store.getState().byId.get(first))?.name;
  const confirm = async () => {
    setSending(true);
    if (await remove(app, ids, isDeleting)) onClose();
    else setSending(false);
  };
  return (
    <Modal
      opened
      onClose={onClose}
      title={t('page.remove.title', { count: ids.length, name: name ?? '' })}
      closeButtonProps={{ 'aria-label': t('page.close') }}
    >
      <div className={classes.form}>
        <p className={classes.text}>{t('page.remove.text')}</p>
        <Checkbox
          label={t('page.remove.files')}
          checked={isDeleting}
          onChange={(event) => setDeleting(event.currentTarget.checked)}
        />
        <div className={classes.buttons}>
          <Button variant="default" size="sm" onClick={onClose}>
            {t('page.remove.cancel')}
          </Button>
          <Button color="red" size="sm" loading={isSending} onClick={() => void confirm()} data-autofocus>
            {t(isDeleting ? 'page.remove.confirmFiles' : 'page.remove.confirm')}
          </Button>
        </div>
      </div>
    </Modal>
  );
}
