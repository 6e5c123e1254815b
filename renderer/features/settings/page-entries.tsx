/** Settings of looks, language, notifications, server and desktop. */
import type { Settings } from '#shared/settings';
import { NumberSetting, SelectSetting, SwitchSetting, TextSetting } from './controls.tsx';
import type { Entry, Making } from './entry.ts';
import { ServerFacts } from './server-facts.tsx';

export function appearanceEntries({ t, settings: { appearance, language }, write }: Making): Entry[] {
  const section = 'appearance';
  const themes = [
    ['system', t('settings.themeSystem')],
    ['light', t('settings.themeLight')],
    ['dark', t('settings.themeDark')],
  ] as const;
  const densities = [
    ['comfortable', t('settings.densityComfortable')],
    ['compact', t('settings.densityCompact')],
  ] as const;
  // A language is found by those who read it, whatever the page's present one.
  const languages = [
    ['system', t('settings.languageSystem')],
    ['en', 'English'],
    ['zh-CN', '简体中文'],
  ] as const;
  const [theme, density] = [t('settings.theme'), t('settings.density')];
  return [
    {
      ...{ section, label: theme, help: t('settings.themeHelp') },
      control: (
        <SelectSetting
          label={theme}
          value={appearance.theme}
          choices={themes}
          onWrite={(value) => write({ appearance: { ...appearance, theme: value } })}
        />
      ),
    },
    {
      ...{ section, label: density, help: t('settings.densityHelp'), byDefault: t('settings.densityComfortable') },
      control: (
        <SelectSetting
          label={density}
          value={appearance.density}
          choices={densities}
          onWrite={(value) => write({ appearance: { ...appearance, density: value } })}
        />
      ),
    },
    {
      ...{ section, label: t('settings.language'), help: t('settings.languageHelp') },
      control: (
        <SelectSetting
          label={t('settings.language')}
          value={language}
          choices={languages}
          onWrite={(value) => write({ language: value })}
        />
      ),
    },
  ];
}

const linesOf = (text: string): string[] => text.split('\n').filter((line) => line.trim() !== '');

export function notificationEntries({ t, settings, write }: Making): Entry[] {
  const section = 'notifications';
  const { notifications } = settings;
  const commands = [
    ['whenOneDone', 'commandOne'],
    ['whenAllDone', 'commandAll'],
  ] as const;
  return [
    ...(['whenDone', 'whenFailed', 'whenAllDone'] as const).map(
      (name): Entry => ({
        ...{ section, label: t(`settings.${name}`), help: t(`settings.${name}Help`) },
        control: (
          <SwitchSetting
            label={t(`settings.${name}`)}
            value={notifications[name]}
            onWrite={(value) => write({ notifications: { ...notifications, [name]: value } })}
          />
        ),
      }),
    ),
    ...commands.map(
      ([name, text]): Entry => ({
        ...{ section, label: t(`settings.${text}`), help: t(`settings.${text}Help`), isWide: true },
        control: (
          <TextSetting
            label={t(`settings.${text}`)}
            value={settings[name].join('\n')}
            isLong
            onWrite={(value) => write({ [name]: linesOf(value) })}
          />
        ),
      }),
    ),
  ];
}

export function serverEntries({ t, settings: { desktop }, write }: Making): Entry[] {
  const section = 'server';
  const set = (change: Partial<Settings['desktop']>) => write({ desktop: { ...desktop, ...change } });
  return [
    {
      ...{ section, label: t('settings.section.server'), help: '', isWide: true },
      control: <ServerFacts />,
    },
    {
      ...{ section, label: t('settings.serverPort'), help: t('settings.serverPortHelp') },
      control: (
        <NumberSetting
          label={t('settings.serverPort')}
          value={desktop.serverPort}
          min={0}
          max={65_535}
          onWrite={(serverPort) => set({ serverPort })}
        />
      ),
    },
    ...(['closeToTray', 'startAtLogin', 'watchClipboard', 'keepAwake'] as const).map(
      (name): Entry => ({
        ...{ section, label: t(`settings.${name}`), help: t(`settings.${name}Help`) },
        control: (
          <SwitchSetting label={t(`settings.${name}`)} value={desktop[name]} onWrite={(value) => set({ [name]: value })} />
        ),
      }),
    ),
  ];
}
