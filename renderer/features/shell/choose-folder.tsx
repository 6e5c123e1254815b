/** The way to the system's folder dialog, at the end of a field that takes a folder. */
import type { ReactNode } from 'react';
import { useTexts } from '../../i18n/use-texts.ts';
import { useApp } from '../../state/use-app.ts';
import { IconButton } from '../../ui/icon-button.tsx';

/** @returns what draws it; undefined in a browser, whose dialog would show the folders of another machine. */
export function useFolderDialog(): ((directory: string, onChosen: (directory: string) => unknown) => ReactNode) | undefined {
  const { t } = useTexts();
  const { attempt, call, transport } = useApp();
  if (!transport.isDesktop) return undefined;
  return (directory, onChosen) => {
    const choose = () =>
      attempt(async () => {
        const { directory: chosen } = await call('desktop.folder', { directory });
        if (chosen !== undefined) await onChosen(chosen);
      });
    return <IconButton icon="folder" label={t('page.chooseFolder')} size={26} onClick={() => void choose()} />;
  };
}
