/** Where the list would be while there is nothing in it: how to begin, or why nothing fits. */
import { Button } from '@mantine/core';
import { useTexts } from '../../i18n/use-texts.ts';
import { useApp, useList } from '../../state/use-app.ts';
import { Icon } from '../../ui/icon.tsx';
import classes from '../list/list.module.css';

export function Empty({ isFiltered }: { readonly isFiltered: boolean }) {
  const { t } = useTexts();
  const app = useApp();
  const isLoaded = useList((state) => state.isLoaded);
  if (!isLoaded) return <div className={classes.empty} role="status" aria-label={t('list.loading')} />;
  return (
    <section className={classes.empty}>
      {isFiltered ? (
        <span className={classes.emptyMark}>
          <Icon name="search" size={34} />
        </span>
      ) : (
        <img src="./icon.svg" alt="" width={72} height={72} />
      )}
      <h2>{t(isFiltered ? 'list.empty.noneTitle' : 'list.empty.title')}</h2>
      <p>{t(isFiltered ? 'list.empty.noneText' : 'list.empty.text')}</p>
      {!isFiltered && (
        <div className={classes.keys}>
          <span>
            <kbd>Ctrl</kbd>
            <kbd>V</kbd> {t('page.keys.paste')}
          </span>
          <span>
            <kbd>N</kbd> {t('page.keys.add')}
          </span>
        </div>
      )}
      {isFiltered && (
        <Button variant="default" onClick={() => app.view.setState({ filter: 'all', category: undefined, search: '' })}>
          {t('list.empty.showAll')}
        </Button>
      )}
    </section>
  );
}
