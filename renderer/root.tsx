/** The page's root: the language and the theme, then the page. */
import './ui/mantine-styles.ts';
import './ui/tokens.css';
import './ui/mantine.css';
import './ui/page.css';
import { MantineProvider } from '@mantine/core';
import { createRoot } from 'react-dom/client';
import { useStore } from 'zustand';
import { Page } from './features/shell/page.tsx';
import { languageKey, schemeKey, showLanguage, startLanguage, startSchemes } from './looks.ts';
import type { App } from './state/app.ts';
import type { Schemes } from './state/scheme.ts';
import { AppContext } from './state/use-app.ts';
import { memory } from './ui/memory.ts';
import { theme } from './ui/theme.ts';

/** How long the first paint waits for what it is to show. */
const patienceMs = 300;

/** The settings decide; this browser remembers them, so that the next start shows no other theme or language first. */
function followSettings(app: App, schemes: Schemes): void {
  const { store } = app.settings;
  const follow = ({ settings } = store.getState(), before?: ReturnType<typeof store.getState>) => {
    if (settings === undefined || settings === before?.settings) return;
    memory.set(schemeKey, settings.appearance.theme);
    memory.set(languageKey, settings.language);
    schemes.choose(settings.appearance.theme);
    void showLanguage(settings.language);
  };
  store.subscribe(follow);
  follow();
}

function Root({ app, schemes }: { readonly app: App; readonly schemes: Schemes }) {
  const scheme = useStore(schemes.store, (state) => state.scheme);
  return (
    <MantineProvider theme={theme} forceColorScheme={scheme} withCssVariables={false} withGlobalClasses={false}>
      <AppContext value={app}>
        <Page />
      </AppContext>
    </MantineProvider>
  );
}

const patience = () =>
  new Promise((resolve) => {
    setTimeout(resolve, patienceMs);
  });

/** Draws the page once, with what it shows: rows that came a moment later would push it about. */
export async function show(app: App): Promise<void> {
  const schemes = startSchemes();
  await Promise.all([startLanguage(), Promise.race([app.firstLook, patience()])]);
  followSettings(app, schemes);
  const root = document.getElementById('root');
  if (root !== null) createRoot(root).render(<Root app={app} schemes={schemes} />);
}
