/** The address of the proxy; a login in it is masked until it is asked for. */
import { Button } from '@mantine/core';
import { useEffect, useState } from 'react';
import { mask } from '#shared/request-secrets';
import { isProxyAddress } from '../../format/proxy.ts';
import { useTexts } from '../../i18n/use-texts.ts';
import { useApp } from '../../state/use-app.ts';
import { TextSetting } from './controls.tsx';

interface ProxyAddressProps {
  readonly label: string;
  readonly value: string;
  onWrite(url: string): void;
}

export function ProxyAddress({ label, value, onWrite }: ProxyAddressProps) {
  const app = useApp();
  const { t } = useTexts();
  const [revealed, setRevealed] = useState<string>();
  // biome-ignore lint/correctness/useExhaustiveDependencies: what was revealed belongs to this value.
  useEffect(() => setRevealed(undefined), [value]);
  const reveal = () => app.attempt(async () => setRevealed((await app.call('settings.read', { reveal: true })).proxy.url));
  return (
    <>
      <TextSetting
        label={label}
        value={revealed ?? value}
        check={(text) => (text !== '' && !isProxyAddress(text) ? t('request.badProxy') : undefined)}
        onWrite={onWrite}
      />
      {value.includes(mask) && revealed === undefined && (
        <Button variant="default" size="compact-xs" mt={6} onClick={() => void reveal()}>
          {t('request.reveal')}
        </Button>
      )}
    </>
  );
}
