/** The fixtures beside this file: commands as browsers copy them and people write them, and what a server is to receive. */
import { readFile } from 'node:fs/promises';

export interface CurlFixture {
  readonly name: string;
  /** `{origin}` and `{host}` stand for the server's. */
  readonly command: string;
  readonly method: string;
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly without: readonly string[];
  readonly body: string;
}

export type Dialect = 'bash' | 'cmd' | 'powershell';

export async function readFixtures(dialect: Dialect): Promise<CurlFixture[]> {
  const text = await readFile(new URL(`${dialect}.txt`, import.meta.url), 'utf8');
  return text.split(/^=== /m).slice(1).map(parseFixture);
}

function parseFixture(text: string): CurlFixture {
  const [name = '', ...lines] = text.trim().split('\n');
  const expected = lines.filter((line) => line.startsWith('> ')).map((line) => line.slice(2));
  const [, method = '', target = ''] = /^(\S+) (\S+)$/.exec(expected[0] ?? '') ?? [];
  const fields = expected.slice(1);
  const headers = fields.flatMap((line) => {
    const [, key = '', value = ''] = /^([\w-]+): (.*)$/.exec(line) ?? [];
    return key === '' ? [] : [[key, value] as const];
  });
  const rest = (begin: string): string[] => fields.flatMap((line) => (line.startsWith(begin) ? [line.slice(begin.length)] : []));
  return {
    name,
    command: lines
      .filter((line) => !line.startsWith('> '))
      .join('\n')
      .trim(),
    method,
    target,
    headers: Object.fromEntries(headers),
    without: rest('without '),
    body: JSON.parse(rest('body ')[0] ?? '""') as string,
  };
}
