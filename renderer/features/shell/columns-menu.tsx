/** Which columns are shown. */
import { ActionIcon, Menu, Tooltip } from '@mantine/core';
import { useTexts } from '../../i18n/use-texts.ts';
import { useApp, useView } from '../../state/use-app.ts';
import { withColumn } from '../../state/view.ts';
import { Icon } from '../../ui/icon.tsx';

export function ColumnsMenu() {
  const { t } = useTexts();
  const app = useApp();
  const columns = useView((view) => view.columns);
  return (
    <Menu closeOnItemClick={false} position="bottom-end">
      <Menu.Target>
        <Tooltip label={t('list.chooseColumns')}>
          <ActionIcon aria-label={t('list.chooseColumns')}>
            <Icon name="columns" />
          </ActionIcon>
        </Tooltip>
      </Menu.Target>
      <Menu.Dropdown>
        {columns.map(({ id, isShown }) => (
          <Menu.CheckboxItem
            key={id}
            checked={isShown}
            // The name is what a row is known by.
            disabled={id === 'name'}
            onChange={(shown) => app.view.setState({ columns: withColumn(columns, id, { isShown: shown }) })}
          >
            {t(`list.column.${id}`)}
          </Menu.CheckboxItem>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
