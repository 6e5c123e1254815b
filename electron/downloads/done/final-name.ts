/** What a category calls its files. */
import { safeName } from '#engine';

/**
 * `pattern` with `{name}`, `{stem}`, `{extension}` (with its dot), `{host}` and `{date}` (of `now`, local) put in, as a name
 * that every system can store. What a server calls its file cannot put in more than a name.
 */
export function nameByPattern(pattern: string, name: string, address: string, now: Date): string {
  const dot = name.lastIndexOf('.');
  const two = (number: number): string => String(number).padStart(2, '0');
  const values: Readonly<Record<string, string>> = {
    name,
    stem: dot > 0 ? name.slice(0, dot) : name,
    extension: dot > 0 ? name.slice(dot) : '',
    host: URL.parse(address)?.hostname ?? '',
    date: `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`,
  };
  const text = pattern.replaceAll(/\{(name|stem|extension|host|date)\}/g, (_, field: string) => values[field] ?? '');
  // Only its last part would be kept of what has a slash.
  return safeName(text.replaceAll(/[/\\]/g, '_'));
}
