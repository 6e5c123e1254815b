/** A failure in the page's language. */
import type { LogLine } from '#shared/rows';
import { details } from './en/details.ts';
import { failures } from './en/failures.ts';
import type { Translate } from './use-texts.ts';

/** A line of the log in the page's language where it has a text for it; else as the application wrote it. */
export function logText(t: Translate, { code, message, values }: Pick<LogLine, 'code' | 'message' | 'values'>): string {
  const { said, told } = details.log;
  if (Object.hasOwn(said, code)) return t(`details.log.said.${code as keyof typeof said}`);
  if (values !== undefined && Object.hasOwn(told, code)) {
    const parts = Object.entries(values).map(([name, value]) => [name, typeof value === 'object' ? causeText(t, value) : value]);
    return t(`details.log.told.${code as keyof typeof told}`, Object.fromEntries(parts));
  }
  return code.startsWith('E_') ? causeText(t, { code, message }) : message;
}

type PlainCode = Exclude<keyof typeof failures, 'E_HTTP'>;

const isKnown = (code: string): code is PlainCode => code !== 'E_HTTP' && Object.hasOwn(failures, code);
const statusOf = (code: string): string | undefined => /^E_HTTP_(\d+)$/.exec(code)?.[1];

/** In a few words. */
export function failureText(t: Translate, code: string): string {
  const status = statusOf(code);
  if (status !== undefined) return t('failures.E_HTTP', { status });
  return t(isKnown(code) ? `failures.${code}` : 'failures.other');
}

/** With the application's own sentence, unless the few words have said it all. */
export function causeText(t: Translate, { code, message }: { readonly code: string; readonly message: string }): string {
  const words = failureText(t, code);
  return statusOf(code) === undefined ? `${words} – ${message}` : words;
}
