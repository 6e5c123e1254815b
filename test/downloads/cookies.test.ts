/** Cookies of a download go where their own rules allow, on the way of a redirect too, and nowhere else. */
import { expect, test } from 'vitest';
import { parseText } from '../../electron/downloads/intake/parse-text.ts';
import { compose } from '../../electron/downloads/request/compose.ts';
import { parseCookies } from '../../shared/cookies.ts';
import { shownRequest, withSecretsOf } from '../../shared/request-secrets.ts';
import { defaultSettings } from '../../shared/settings.ts';
import { redirect } from '../support/changes.ts';
import { content } from '../support/content.ts';
import { startRig } from '../support/fetching.ts';
import { startOrigin } from '../support/origin.ts';

const file = content(33, 4096);

test('each by its domain and path; those without go to the origin of the address alone', async () => {
  await using rig = await startRig({ content: file, host: '127.0.0.2' });
  await using front = await startOrigin({
    clock: rig.clock,
    content: file,
    faults: [{ on: {}, answer: redirect(302, rig.origin.url('/deep/file.bin')) }],
  });
  const entry = { path: '/', secure: false, hostOnly: true, value: '1' };
  const { cookies } = parseCookies(
    JSON.stringify([
      { ...entry, name: 'front', domain: '127.0.0.1' },
      { ...entry, name: 'back', domain: '127.0.0.2' },
      { ...entry, name: 'deep', domain: '127.0.0.2', path: '/deep' },
      { ...entry, name: 'elsewhere', domain: '127.0.0.2', path: '/other' },
      { ...entry, name: 'foreign', domain: 'example.org' },
    ]),
  );
  const draft = { url: front.url('/file.bin'), cookies: [{ name: 'own', value: '1' }, ...cookies] };
  const { request } = compose(draft, undefined, defaultSettings, {});
  const run = rig.download({ connections: 1 }, request);
  await run.end();
  await rig.expectDone(run);
  const sent = (cookie: string | undefined) => cookie?.split('; ').toSorted();
  expect(sent(front.requests[0]?.headers.cookie)).toEqual(['front=1', 'own=1']);
  expect(sent(rig.origin.requests[0]?.headers.cookie)).toEqual(['back=1', 'deep=1']);
});

test('a masked edit keeps each value at its own place', () => {
  const scope = { domain: 'a.test', hasSubdomains: false, path: '/', isSecure: true };
  const cookies = [
    { name: 'a', value: 'own' },
    { name: 'a', value: 'other', scope },
  ];
  const before = { url: 'https://a.test/', cookies };
  const view = shownRequest(before);
  expect(JSON.stringify(view)).not.toContain('other');
  expect(withSecretsOf({ ...view, cookies: (view.cookies ?? []).toReversed() }, before).cookies).toEqual(cookies.toReversed());
});

test('a Cookie header of a copied command is that, whatever its cookies are called', () => {
  const cookies = [
    { name: 'a', value: '1' },
    { name: 'path', value: '/x' },
    { name: 'domain', value: 'b' },
  ];
  expect(parseText("curl 'https://a.test/' -b 'a=1; path=/x; domain=b'").requests).toEqual([{ url: 'https://a.test/', cookies }]);
});

test('the session of a command copied for PowerShell comes along', () => {
  const text =
    '$session = New-Object Microsoft.PowerShell.Commands.WebRequestSession\n' +
    '$session.Cookies.Add((New-Object System.Net.Cookie("a", "1", "/", ".example.org")))\n' +
    'Invoke-WebRequest -Uri "https://example.org/a.bin" -WebSession $session';
  expect(parseText(text).requests).toEqual([
    {
      url: 'https://example.org/a.bin',
      cookies: [{ name: 'a', value: '1', scope: { domain: 'example.org', hasSubdomains: true, path: '/', isSecure: true } }],
    },
  ]);
});
