/** How long a link lives, and how long its download needs. */
import type { LinkLife } from '#shared/link-life';
import { type Language, spanText } from '../format/time.ts';
import type { Translate } from './use-texts.ts';

export function linkText({ diesInMs, needsMs }: Omit<LinkLife, 'isTooShort'>, t: Translate, language: Language): string {
  if (diesInMs <= 0) return t('list.linkDied');
  const span = spanText(diesInMs / 1000, language);
  if (needsMs === undefined) return t('list.linkDies', { span });
  return t('list.linkDiesNeeds', { span, needs: spanText(needsMs / 1000, language) });
}
