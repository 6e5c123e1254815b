/** Connections, speed limit and priority of what is selected. */
import { Button, Modal, NumberInput, SegmentedControl, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import type { DownloadId, Priority } from '#shared/rows';
import { parseBytes } from '#shared/units';
import { limitText } from '../../format/size.ts';
import { useTexts } from '../../i18n/use-texts.ts';
import type { Dialog } from '../../state/dialogs.ts';
import { useApp, useRow } from '../../state/use-app.ts';
import classes from './dialogs.module.css';

interface LimitsDialogProps {
  readonly dialog: Extract<Dialog, { type: 'limits' }>;
  onClose(): void;
}

const priorities: readonly Priority[] = ['low', 'normal', 'high'];

export function LimitsDialog({ dialog: { ids }, onClose }: LimitsDialogProps) {
  const app = useApp();
  const { t } = useTexts();
  const row = useRow(ids[0] as DownloadId);
  const [connections, setConnections] = useState<string | number>(row?.connections ?? 8);
  const [limit, setLimit] = useState(limitText(row?.limitBytesPerSecond ?? 0));
  const [priority, setPriority] = useState<Priority>(row?.priority ?? 'normal');
  const limitBytesPerSecond = limit.trim() === '' ? 0 : parseBytes(limit);
  const save = async (event: FormEvent) => {
    event.preventDefault();
    if (limitBytesPerSecond === undefined || connections === '') return;
    const change = { ids: [...ids], connections: Number(connections), limitBytesPerSecond, priority };
    if (await app.attempt(() => app.call('downloads.set', change))) onClose();
  };
  return (
    <Modal
      opened
      onClose={onClose}
      title={t('page.limits.title', { count: ids.length, name: row?.name ?? '' })}
      closeButtonProps={{ 'aria-label': t('page.close') }}
    >
      <form className={classes.form} onSubmit={(event) => void save(event)}>
        <NumberInput
          label={t('page.limits.connections')}
          min={1}
          max={64}
          allowDecimal={false}
          value={connections}
          onChange={setConnections}
        />
        <TextInput
          label={t('page.limits.limit')}
          description={t('add.limitHelp')}
          value={limit}
          onChange={(event) => setLimit(event.currentTarget.value)}
          error={limitBytesPerSecond === undefined ? t('add.limitWrong') : undefined}
        />
        <SegmentedControl
          aria-label={t('list.menu.priority')}
          value={priority}
          onChange={(value) => setPriority(value as Priority)}
          data={priorities.map((value) => ({ value, label: t(`list.priority.${value}`) }))}
        />
        <div className={classes.buttons}>
          <Button variant="default" size="sm" onClick={onClose}>
            {t('page.limits.cancel')}
          </Button>
          <Button type="submit" size="sm" disabled={limitBytesPerSecond === undefined || connections === ''}>
            {t('page.limits.save')}
          </Button>
        </div>
      </form>
    </Modal>
  );
}
