/** What every page of Sluice looks like from its first moment on: theme and language, as remembered or as the system has them. */
import { setLanguage, startLanguages, systemLanguage } from './i18n/start.ts';
import { createSchemes, type Schemes } from './state/scheme.ts';
import { memory } from './ui/memory.ts';

export const schemeKey = 'sluice.theme';
export const languageKey = 'sluice.language';

export function startSchemes(): Schemes {
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const schemes = createSchemes({
    onSystem(listener) {
      dark.addEventListener('change', ({ matches }) => listener(matches));
      queueMicrotask(() => listener(dark.matches));
    },
    apply: (scheme) => document.documentElement.setAttribute('data-mantine-color-scheme', scheme),
  });
  const remembered = memory.get(schemeKey);
  schemes.choose(remembered === 'light' || remembered === 'dark' ? remembered : 'system');
  return schemes;
}

const chosenLanguage = (choice: string | null) =>
  choice === 'en' || choice === 'zh-CN' ? choice : systemLanguage(navigator.languages);

export async function showLanguage(choice: string | null): Promise<void> {
  const language = chosenLanguage(choice);
  await setLanguage(language);
  document.documentElement.lang = language;
}

/** Before anything is drawn. */
export async function startLanguage(): Promise<void> {
  const language = chosenLanguage(memory.get(languageKey));
  await startLanguages(language);
  document.documentElement.lang = language;
}
