/** Puts the page into a person's language; English is always there, another one is fetched when it is wanted. */
import i18next from 'i18next';
import { initReactI18next } from 'react-i18next';
import type { Language } from '../format/time.ts';
import { en } from './en/index.ts';

declare module 'i18next' {
  interface CustomTypeOptions {
    defaultNS: 'translation';
    resources: { translation: typeof en };
  }
}

/** The page's language where none was chosen. */
export const systemLanguage = (wanted: readonly string[]): Language =>
  wanted
    .find((tag) => /^(en|zh)\b/i.test(tag))
    ?.toLowerCase()
    .startsWith('zh')
    ? 'zh-CN'
    : 'en';

export async function startLanguages(language: Language): Promise<void> {
  await i18next.use(initReactI18next).init({
    lng: 'en',
    fallbackLng: 'en',
    resources: { en: { translation: en } },
    // React escapes what it shows; a second escape would show the first.
    interpolation: { escapeValue: false },
  });
  await setLanguage(language);
}

export async function setLanguage(language: Language): Promise<void> {
  if (language === 'zh-CN' && !i18next.hasResourceBundle('zh-CN', 'translation')) {
    const { zhCn } = await import('./zh-cn/index.ts');
    i18next.addResourceBundle('zh-CN', 'translation', zhCn);
  }
  await i18next.changeLanguage(language);
}
