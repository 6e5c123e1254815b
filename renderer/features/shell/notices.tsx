/** What a person should see once, in a corner. */
import { useEffect } from 'react';
import { useStore } from 'zustand';
import { failureText } from '../../i18n/failure-text.ts';
import { useTexts } from '../../i18n/use-texts.ts';
import type { NoticeView } from '../../state/notices.ts';
import { useApp } from '../../state/use-app.ts';
import { IconButton } from '../../ui/icon-button.tsx';
import classes from './shell.module.css';

/** Long enough to be read; what went wrong stays longer. */
const shownMs = { info: 6_000, warning: 12_000, error: 15_000 } as const;

export function NoticeStack() {
  const { t } = useTexts();
  const { notices } = useApp();
  const shown = useStore(notices.store, (state) => state.shown);
  return (
    <section className={classes.notices} aria-label={t('page.notices')} aria-live="polite">
      {shown.map((notice) => (
        <NoticeCard key={notice.key} notice={notice} />
      ))}
    </section>
  );
}

function NoticeCard({ notice }: { readonly notice: NoticeView }) {
  const { t } = useTexts();
  const { notices } = useApp();
  const { key, level, code, message } = notice;
  useEffect(() => {
    const timer = setTimeout(() => notices.dismiss(key), shownMs[level]);
    return () => clearTimeout(timer);
  }, [notices, key, level]);
  return (
    <div className={classes.notice} data-level={level} role={level === 'error' ? 'alert' : undefined}>
      <div>
        {level !== 'info' && <strong>{failureText(t, code)}</strong>}
        {message}
      </div>
      <IconButton icon="close" label={t('page.dismiss')} size={24} onClick={() => notices.dismiss(key)} />
    </div>
  );
}
