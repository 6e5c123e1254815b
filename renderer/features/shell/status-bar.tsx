/** The line at the foot: how fast it all goes, and what limits it. */
import { Menu } from '@mantine/core';
import { speedText } from '../../format/size.ts';
import { useTexts } from '../../i18n/use-texts.ts';
import { useApp, useList, useSelection, useSettings } from '../../state/use-app.ts';
import { Icon } from '../../ui/icon.tsx';
import classes from './shell.module.css';
import { Sparkline } from './sparkline.tsx';

const mebibyte = 1024 * 1024;
const limits = [0, mebibyte / 2, mebibyte, 2 * mebibyte, 5 * mebibyte, 10 * mebibyte, 50 * mebibyte];

export function StatusBar() {
  const { t } = useTexts();
  const bytesPerSecond = useList((state) => state.bytesPerSecond);
  const running = useList(({ totals }) => totals.running);
  const selected = useSelection(({ ids }) => ids.size);
  return (
    <footer className={classes.foot}>
      <span className={classes.footSpeed} title={t('page.totalSpeed')}>
        <Icon name="running" size={15} />
        <output>{speedText(bytesPerSecond) || '0 B/s'}</output>
        <Sparkline />
      </span>
      {running > 0 && <span className={classes.onlyWide}>{t('page.runningCount', { count: running })}</span>}
      {selected > 1 && <span>{t('list.selected', { count: selected })}</span>}
      <span className={classes.push} />
      <LimitMenu />
    </footer>
  );
}

function LimitMenu() {
  const { t } = useTexts();
  const app = useApp();
  const limit = useSettings((settings) => settings?.limitBytesPerSecond ?? 0);
  const text = (bytesPerSecond: number) => (bytesPerSecond === 0 ? t('page.limitOff') : speedText(bytesPerSecond));
  return (
    <Menu position="top-end">
      <Menu.Target>
        <button type="button" className={classes.footButton}>
          <Icon name="gauge" size={15} />
          {limit === 0 ? t('page.limitOff') : t('page.limitOn', { limit: speedText(limit) })}
        </button>
      </Menu.Target>
      <Menu.Dropdown aria-label={t('page.limit')}>
        {limits.map((value) => (
          <Menu.Item key={value} onClick={() => void app.attempt(() => app.settings.write({ limitBytesPerSecond: value }))}>
            {text(value)}
          </Menu.Item>
        ))}
        <Menu.Divider />
        <Menu.Item onClick={() => app.dialogs.setState({ dialog: { type: 'settings', section: 'transfer' } })}>
          {t('page.limitOwn')}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
