/** What is said while there is no connection. */
import { Button, PasswordInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { useTexts } from '../../i18n/use-texts.ts';
import { useApp, useConnection } from '../../state/use-app.ts';
import { Icon } from '../../ui/icon.tsx';
import classes from './shell.module.css';

export function ConnectionBanner() {
  const { t } = useTexts();
  const { transport } = useApp();
  const state = useConnection();
  if (state !== 'lost') return null;
  return (
    <div className={classes.banner} role="status">
      <Icon name="warning" />
      {t('page.connection.lost')}
      <Button variant="default" className={classes.push ?? ''} onClick={() => transport.retry()}>
        {t('page.connection.retry')}
      </Button>
    </div>
  );
}

export function SignIn() {
  const { t } = useTexts();
  const { transport } = useApp();
  const [token, setToken] = useState('');
  const [isWrong, setWrong] = useState(false);
  const send = async (event: FormEvent) => {
    event.preventDefault();
    setWrong(!(await transport.signIn(token)));
  };
  return (
    <main className={classes.signIn}>
      <form className={classes.signInBox} onSubmit={(event) => void send(event)}>
        <img src="./icon.svg" alt="" width={40} height={40} />
        <h1>{t('page.signIn.title')}</h1>
        <p>{t('page.signIn.text')}</p>
        <PasswordInput
          label={t('page.signIn.token')}
          value={token}
          onChange={(event) => setToken(event.currentTarget.value)}
          error={isWrong ? t('page.signIn.wrong') : undefined}
        />
        <Button type="submit" size="sm" disabled={token.trim() === ''}>
          {t('page.signIn.send')}
        </Button>
      </form>
    </main>
  );
}
