/** The texts in the page's language, and which it is. */
import { useTranslation } from 'react-i18next';
import type { Language } from '../format/time.ts';

export function useTexts() {
  const { t, i18n } = useTranslation();
  return { t, language: (i18n.language === 'zh-CN' ? 'zh-CN' : 'en') as Language };
}

export type Translate = ReturnType<typeof useTexts>['t'];
