/** The page of the tray's small window. */
import './ui/mantine-styles.ts';
import './ui/tokens.css';
import './ui/mantine.css';
import './ui/page.css';
import { MantineProvider } from '@mantine/core';
import { createRoot } from 'react-dom/client';
import { useStore } from 'zustand';
import { createClient } from './bridge/client.ts';
import { findDesktopBridge } from './bridge/desktop.ts';
import { QuickAdd } from './features/quick-add/quick-add.tsx';
import { startLanguage, startSchemes } from './looks.ts';
import type { Schemes } from './state/scheme.ts';
import { theme } from './ui/theme.ts';

const bridge = findDesktopBridge();

function Root({ schemes }: { readonly schemes: Schemes }) {
  const scheme = useStore(schemes.store, (state) => state.scheme);
  if (bridge === undefined) return null;
  const call = createClient((name, input) => bridge.call(name, input));
  return (
    <MantineProvider theme={theme} forceColorScheme={scheme} withCssVariables={false} withGlobalClasses={false}>
      <QuickAdd call={call} onDone={() => void call('desktop.closeQuickAdd')} />
    </MantineProvider>
  );
}

async function start(): Promise<void> {
  const schemes = startSchemes();
  await startLanguage();
  const root = document.getElementById('root');
  if (root !== null) createRoot(root).render(<Root schemes={schemes} />);
}

void start();
