/** Settings of schedule, network, proxy and request profiles. */
import { SelectSetting, SwitchSetting, TextSetting } from './controls.tsx';
import type { Entry, Making } from './entry.ts';
import { ProfileList } from './profile-list.tsx';
import { ProxyAddress } from './proxy-address.tsx';
import { ScheduleList } from './schedule-list.tsx';

export function scheduleEntries({ t, settings: { schedule }, write }: Making): Entry[] {
  const label = t('settings.scheduleOn');
  return [
    {
      ...{ section: 'schedule', label, help: t('settings.scheduleOnHelp'), isWide: true },
      control: <ScheduleList label={label} schedule={schedule} onChange={(next) => write({ schedule: next })} />,
    },
  ];
}

export const words = (text: string): string[] => text.split(/[\s,]+/).filter(Boolean);

export function networkEntries({ t, settings, write }: Making): Entry[] {
  const section = 'network';
  const { proxy } = settings;
  const modes = [
    ['system', t('settings.proxySystem')],
    ['direct', t('settings.proxyDirect')],
    ['manual', t('settings.proxyManual')],
  ] as const;
  const isManual = proxy.mode === 'manual';
  const manual: Entry[] = [
    {
      ...{ section, label: t('settings.proxyUrl'), help: t('settings.proxyUrlHelp') },
      control: (
        <ProxyAddress label={t('settings.proxyUrl')} value={proxy.url} onWrite={(url) => write({ proxy: { ...proxy, url } })} />
      ),
    },
    {
      ...{ section, label: t('settings.noProxy'), help: t('settings.noProxyHelp') },
      control: (
        <TextSetting
          label={t('settings.noProxy')}
          value={proxy.noProxy.join(' ')}
          onWrite={(text) => write({ proxy: { ...proxy, noProxy: words(text) } })}
        />
      ),
    },
  ];
  return [
    {
      ...{ section, label: t('settings.proxyMode'), help: t('settings.proxyModeHelp'), byDefault: t('settings.proxySystem') },
      control: (
        <SelectSetting
          label={t('settings.proxyMode')}
          value={proxy.mode}
          choices={modes}
          onWrite={(mode) => write({ proxy: { ...proxy, mode } })}
        />
      ),
    },
    ...(isManual ? manual : []),
    {
      ...{ section, label: t('settings.userAgent'), help: t('settings.userAgentHelp') },
      control: (
        <TextSetting label={t('settings.userAgent')} value={settings.userAgent} onWrite={(userAgent) => write({ userAgent })} />
      ),
    },
    ...(['systemCertificates', 'blockPrivateTargets'] as const).map(
      (name): Entry => ({
        ...{ section, label: t(`settings.${name}`), help: t(`settings.${name}Help`) },
        control: (
          <SwitchSetting label={t(`settings.${name}`)} value={settings[name]} onWrite={(value) => write({ [name]: value })} />
        ),
      }),
    ),
  ];
}

export function profileEntries({ t }: Making): Entry[] {
  return [
    {
      ...{ section: 'profiles', label: t('settings.profiles'), help: t('settings.profilesHelp'), isWide: true },
      control: <ProfileList />,
    },
  ];
}
