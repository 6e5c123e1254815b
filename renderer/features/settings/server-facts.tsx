/** What this page is connected to. */
import { useTexts } from '../../i18n/use-texts.ts';
import { useSession } from '../../state/use-app.ts';
import classes from './settings.module.css';

const secretTexts = {
  sealed: 'settings.secretsSealed',
  file: 'settings.secretsFile',
  memory: 'settings.secretsMemory',
} as const;

export function ServerFacts() {
  const { t } = useTexts();
  const session = useSession();
  if (session === undefined) return null;
  const { version, platform, dataFolder, roots, keepsSecrets } = session;
  return (
    <p className={classes.facts}>
      {t('settings.serverInfo', { version, platform, folder: dataFolder })}
      <br />
      {roots.length > 0 ? t('settings.serverRoots', { roots: roots.join(', ') }) : t('settings.serverAnyRoot')}
      <br />
      {t(secretTexts[keepsSecrets])}
    </p>
  );
}
