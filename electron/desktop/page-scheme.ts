/** The page's own scheme: `app://sluice/` serves the files of the built page and nothing else, under the policy given. */
import { protocol } from 'electron';

const scheme = 'app';
const host = 'sluice';

export const pageAddress = (file = ''): string => `${scheme}://${host}/${file}`;

/** Whether it is an address of our own page. */
export function isPageAddress(address: string): boolean {
  const url = URL.parse(address);
  return url !== null && url.protocol === `${scheme}:` && url.host === host && url.username === '' && url.password === '';
}

export interface PageSource {
  /** `path`: of the address. Undefined where there is no such file. */
  read(path: string): Promise<{ readonly body: Uint8Array; readonly headers: Readonly<Record<string, string>> } | undefined>;
}

/** Before the app is ready: a scheme with an origin, so that scripts, modules and storage work as on any secure site. */
export function declarePageScheme(): void {
  protocol.registerSchemesAsPrivileged([{ scheme, privileges: { standard: true, secure: true, supportFetchAPI: true } }]);
}

/** Once the app is ready. */
export function servePage(page: PageSource, contentSecurityPolicy: string): void {
  const always = {
    'content-security-policy': contentSecurityPolicy,
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
  };
  protocol.handle(scheme, async (request) => {
    const file =
      request.method === 'GET' && isPageAddress(request.url) ? await page.read(new URL(request.url).pathname) : undefined;
    if (file === undefined) return new Response('there is nothing here\n', { status: 404, headers: always });
    return new Response(file.body as Uint8Array<ArrayBuffer>, { headers: { ...file.headers, ...always } });
  });
}
