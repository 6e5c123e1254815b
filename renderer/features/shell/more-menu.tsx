/** What is done with all downloads at once, and sorting for small screens that have no heads. */
import { ActionIcon, Menu, Tooltip } from '@mantine/core';
import { useTexts } from '../../i18n/use-texts.ts';
import { pause, resume } from '../../state/actions.ts';
import { useApp, useView } from '../../state/use-app.ts';
import type { SortKey } from '../../state/view.ts';
import { pickFiles, saveText } from '../../ui/files.ts';
import { Icon } from '../../ui/icon.tsx';

const sortKeys: readonly SortKey[] = ['order', 'name', 'status', 'progress', 'size', 'speed', 'left', 'added'];

export function MoreMenu() {
  const { t } = useTexts();
  const app = useApp();
  const all = () => [...app.list.store.getState().rows.keys()];
  const exportList = () => app.attempt(async () => saveText('sluice-list.json', (await app.call('list.export', {})).text));
  const importList = async () => {
    const [file] = await pickFiles('.json');
    if (file !== undefined) await app.attempt(() => app.call('list.import', { text: file.text }));
  };
  const clearHistory = () => app.attempt(() => app.call('history.clear').then(() => app.history.refresh()));
  return (
    <Menu position="bottom-start" width={270}>
      <Menu.Target>
        <Tooltip label={t('list.more')}>
          <ActionIcon aria-label={t('list.more')}>
            <Icon name="more" />
          </ActionIcon>
        </Tooltip>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item leftSection={<Icon name="resume" size={16} />} onClick={() => void resume(app, all())}>
          {t('list.menu.resumeAll')}
        </Menu.Item>
        <Menu.Item leftSection={<Icon name="pause" size={16} />} onClick={() => void pause(app, all())}>
          {t('list.menu.pauseAll')}
        </Menu.Item>
        <Menu.Divider />
        <SortItems />
        <Menu.Divider />
        <Menu.Item onClick={() => void exportList()}>{t('list.menu.exportList')}</Menu.Item>
        <Menu.Item onClick={() => void importList()}>{t('list.menu.importList')}</Menu.Item>
        <Menu.Divider />
        <Menu.Item color="red" onClick={() => void clearHistory()}>
          {t('list.menu.clearHistory')}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

function SortItems() {
  const { t } = useTexts();
  const app = useApp();
  const { by } = useView((view) => view.sort);
  return (
    <>
      <Menu.Label>{t('list.sortBy')}</Menu.Label>
      {sortKeys.map((key) => (
        <Menu.Item
          key={key}
          leftSection={key === by ? <Icon name="done" size={16} /> : <span style={{ width: '16px' }} />}
          onClick={() => app.view.setState({ sort: { by: key, isDescending: key === 'added' } })}
        >
          {key === 'order' ? t('list.queueOrder') : t(`list.column.${key}`)}
        </Menu.Item>
      ))}
    </>
  );
}
