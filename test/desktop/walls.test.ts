/**
 * What the page may not do, tried by a page: our own as if its scripts were an attacker's, and a foreign one in its place. Refusals
 * are seen from outside: in the page, in the log of the origin that would have been asked, in what the system was told to open.
 */
import { readdirSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import type { Page } from '@playwright/test';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { resourceOf } from '../support/answer.ts';
import { literal } from '../support/content.ts';
import { electronProgram } from '../support/electron/launch.ts';
import { type Origin, startOrigin } from '../support/origin.ts';
import { expectPage, RunningApp } from './running-app.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

/** A page that calls with whatever it finds, and says what it got. */
const hostile = `<!doctype html><title>waiting</title><script type="module">
  const bridge = globalThis.sluice;
  const replies = bridge === undefined ? 'no bridge' : await Promise.all([
    bridge.call('session.info'), bridge.call('settings.write', { userAgent: 'planted' }),
  ]);
  bridge?.onPush(() => { document.title = 'was told something'; });
  document.title = JSON.stringify(replies);
</script>`;
const refused = { ok: false, code: 'NOT_HERE', message: 'this page may not call Sluice' };

let origin: Origin;
let running: RunningApp;
let page: Page;

beforeAll(async () => {
  const file = resourceOf({ content: literal(hostile), contentType: 'text/html' });
  origin = await startOrigin({ resources: { '/hostile.html': file } });
  running = await RunningApp.start();
  page = await running.page();
});
afterAll(async () => {
  await running[Symbol.asyncDispose]();
  await origin[Symbol.asyncDispose]();
});

const asked = (): string[] => origin.requests.map(({ target }) => target);

/** Whatever was tried before it has had its turn: calls are answered in order, and a timer of the page has run. */
async function settled(): Promise<void> {
  await page.evaluate('new Promise((resolve) => setTimeout(resolve, 100))');
  await page.evaluate("sluice.call('session.info')");
}

describe('what the page has', () => {
  test('two functions, frozen, and nothing of Node or Electron', async () => {
    expect(await page.evaluate('Object.keys(sluice).sort()')).toEqual(['call', 'onPush']);
    expect(await page.evaluate('Object.isFrozen(sluice)')).toBe(true);
    const names = ['require', 'process', 'module', 'global', 'Buffer', 'electron', '__dirname', 'ipcRenderer'];
    expect(await page.evaluate(`${JSON.stringify(names)}.filter((name) => name in globalThis)`)).toEqual([]);
  });

  test('it is told the push and not its event, which would lead to the sender', async () => {
    await page.evaluate('void sluice.onPush((...given) => { window.told = given; })');
    await running.app.evaluate(({ Menu }) => Menu.getApplicationMenu()?.getMenuItemById('shortcuts')?.click());
    await expect.poll(() => page.evaluate('window.told')).toEqual([{ name: 'desktop.errand', value: null }]);
    await page.keyboard.press('Escape');
  });

  test('what it sends is checked: names, types and sizes', async () => {
    const ask = (name: string, input?: string) =>
      page.evaluate(`sluice.call(${name}, ${input}).then(({ ok, code }) => [ok, code])`);
    for (const name of ['"constructor"', '"__proto__"', '"downloads.everything"', '{}', 'null', '42']) {
      expect(await ask(name), name).toEqual([false, 'UNKNOWN_CALL']);
    }
    const add = (url: string) =>
      page.evaluate(`sluice.call('downloads.add', { orders: [{ request: { url: ${JSON.stringify(url)} } }] })`);
    for (const url of ['file:///etc/passwd', 'javascript:alert(1)', 'smb://host/share']) {
      expect(JSON.stringify(await add(url)), url).toMatch(/"type":"refused"|BAD_INPUT/);
    }
    expect(await running.listed()).toEqual([]);
    expect(await ask('"settings.write"', '{ whenOneDone: [1] }')).toEqual([false, 'BAD_INPUT']);
    expect(await ask('"file.open"', '{ id: "/etc/passwd" }')).toEqual([false, 'BAD_INPUT']);
  });
});

describe('strangers', () => {
  test('a foreign page in our window is answered nothing, told nothing, and changes nothing', async () => {
    const before = await running.call('settings.read');
    await running.app.evaluate(
      ({ BrowserWindow }, url) => BrowserWindow.getAllWindows()[0]?.loadURL(url),
      origin.url('/hostile.html'),
    );
    await expectPage.poll(() => page.title()).toBe(JSON.stringify([refused, refused]));
    await running.call('settings.write', { userAgent: 'changed' });
    expect(await page.title()).not.toBe('was told something');
    expect((await running.call('settings.write', { userAgent: before.userAgent })).userAgent).toBe(before.userAgent);
    await running.app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.loadURL('app://sluice/'));
    page = await running.page();
  });

  test('a window that is not one of ours is answered nothing, even with our own page in it', async () => {
    await running.app.evaluate(async ({ app, BrowserWindow }) => {
      const preload = `${app.getAppPath()}/out/app/preload.cjs`;
      await new BrowserWindow({ webPreferences: { preload } }).loadURL('app://sluice/quick-add.html');
    });
    const other = await running.app.window('quick-add.html');
    expect(await other.evaluate("sluice.call('session.info')")).toEqual(refused);
    await other.close();
  });

  test('a frame in our page has no bridge', async () => {
    const found = await page.evaluate(`new Promise((resolve) => {
      const frame = document.createElement('iframe');
      frame.onload = () => { resolve('sluice' in frame.contentWindow); frame.remove(); };
      document.body.append(frame);
    })`);
    expect(found).toBe(false);
  });
});

// Electron itself has no such hole to be asked for.
test.skipIf(electronProgram !== undefined)(
  'a frame that has the bridge all the same is answered nothing, whatever its address',
  async () => {
    await using holed = await RunningApp.start({ desk: { preloadsFrames: true } });
    const before = await holed.call('settings.read');
    const own = await holed.page();
    const address = own.url();
    /** Calls from a frame within the page; `write` makes its document. */
    const fromFrame = (write: string) =>
      own.evaluate(`(async () => {
      const frame = document.createElement('iframe');
      document.body.append(frame);
      ${write}
      const { sluice, location } = frame.contentWindow;
      const replies = await Promise.all([sluice.call('session.info'), sluice.call('settings.write', { userAgent: 'planted' })]);
      frame.remove();
      return [location.href, replies];
    })()`);
    expect(await fromFrame('')).toEqual(['about:blank', [refused, refused]]);
    const written = "frame.contentDocument.open(); frame.contentDocument.write('<p>ours?</p>'); frame.contentDocument.close();";
    expect(await fromFrame(written)).toEqual([address, [refused, refused]]);
    expect(await holed.call('settings.read')).toEqual(before);
    // The page it lies in is answered.
    expect(await own.evaluate("sluice.call('session.info').then(({ ok }) => ok)")).toBe(true);
  },
);

describe('the page goes nowhere', () => {
  test.each([
    ['by its location', (url: string) => `location.href = ${url}`],
    ['by a link', (url: string) => `Object.assign(document.createElement('a'), { href: ${url} }).click()`],
    [
      'by a form',
      (url: string) => `{
        const form = Object.assign(document.createElement('form'), { action: ${url} });
        document.body.append(form); form.submit(); form.remove();
      }`,
    ],
    [
      'by a refresh',
      (url: string) =>
        `document.head.insertAdjacentHTML('beforeend', '<meta http-equiv=refresh content="0;url=' + ${url} + '">')`,
    ],
    [
      'in a frame',
      (url: string) =>
        `document.body.append(Object.assign(document.createElement('iframe'), { src: ${url}, className: 'tried' }))`,
    ],
    [
      'in an object',
      (url: string) =>
        `document.body.append(Object.assign(document.createElement('object'), { data: ${url}, className: 'tried' }))`,
    ],
    ['to a file', () => "location.href = 'file:///etc/passwd'"],
    ['to a data address', () => "location.href = 'data:text/html,<h1>hello</h1>'"],
  ])('%s', async (_how, attempt) => {
    const at = page.url();
    await page.evaluate(attempt(JSON.stringify(origin.url('/hostile.html?by-page'))));
    await settled();
    expect(page.url()).toBe(at);
    expect(asked().filter((target) => target.includes('by-page'))).toEqual([]);
    await page.evaluate("for (const each of document.querySelectorAll('.tried, meta[http-equiv=refresh]')) each.remove()");
  });

  test('by a file or an address that is dropped on it, as the system drops them', async () => {
    const file = running.folder.file('dropped.html');
    await writeFile(file, hostile);
    const session = await page.context().newCDPSession(page);
    // The add dialog may ask its server: that is not the page's doing.
    const items = [{ mimeType: 'text/uri-list', data: origin.url('/hostile.html?dropped') }];
    for (const data of [
      { items, dragOperationsMask: 1 },
      { items: [], files: [file], dragOperationsMask: 1 },
    ]) {
      for (const type of ['dragEnter', 'dragOver', 'drop'] as const) {
        await session.send('Input.dispatchDragEvent', { type, x: 400, y: 300, data });
      }
      await expectPage(page.getByRole('dialog', { name: 'Add downloads' })).toBeVisible();
      await page.keyboard.press('Escape');
      await expectPage(page.getByRole('dialog')).toBeHidden();
    }
    expect(await page.title()).toBe('Sluice');
  });
});

describe('the page opens nothing', () => {
  test('no window: web addresses go to the browser of the system, all else nowhere', async () => {
    const nowhere = [
      ...['file:///etc/passwd', 'javascript:alert(1)', 'data:text/html,hello', 'smb://host/share', 'ms-msdt:/id', 'mailto:a@b'],
      ...[
        'search-ms:query=x',
        'sluice:add?url=http://a/',
        'ftp://host/file',
        'http://user:password@host/',
        'vbscript:x',
        'blob:x',
      ],
      ...['about:blank', 'app://sluice/', `https://host/${'a'.repeat(9000)}`],
    ];
    const web = origin.url('/wanted');
    for (const address of [...nowhere, web]) await page.evaluate(`void window.open(${JSON.stringify(address)})`);
    await expect.poll(() => running.opened()).toContain(web);
    expect(running.opened()).toEqual([web]);
    await settled();
    expect(running.app.windows().length).toBe(1);
  });

  test('nothing but the text it made itself is saved, and that where the person says', async () => {
    const save = (address: string, name: string) =>
      page.evaluate(
        `Object.assign(document.createElement('a'), { href: ${address}, download: ${JSON.stringify(name)} }).click()`,
      );
    // Should the app let it through, it would be saved here.
    const planted = running.folder.file('planted.txt');
    await running.app.evaluate((_, path, desk) => void desk.answers.push({ filePath: path }), planted);
    await save(JSON.stringify('data:text/plain,planted'), 'planted.txt');
    await save(JSON.stringify(origin.url('/hostile.html?by-page')), 'planted.html');
    await settled();
    await running.app.evaluate((_, __, desk) => void desk.answers.splice(0));
    const target = running.folder.file('list.json');
    await running.app.evaluate((_, path, desk) => void desk.answers.push({ filePath: path }), target);
    await page.getByRole('button', { name: 'More' }).click();
    await page.getByRole('menuitem', { name: 'Save the list to a file' }).click();
    await expect.poll(() => readFile(target, 'utf8').catch(() => '')).toContain('"downloads"');
    const files = readdirSync(running.folder.path, { recursive: true, encoding: 'utf8' });
    expect(files.filter((name) => name.includes('planted'))).toEqual([]);
    expect(asked().filter((target) => target.includes('by-page'))).toEqual([]);
  });
});

test('the page is permitted nothing', async () => {
  const permissions = ['geolocation', 'notifications', 'midi', 'clipboard-read'];
  const states = await page.evaluate(
    `Promise.all(${JSON.stringify(permissions)}.map((name) => navigator.permissions.query({ name }).then(({ state }) => state)))`,
  );
  expect(states).toEqual(permissions.map(() => 'denied'));
});

describe('the policy of the page', () => {
  /** From a task of the page's own: what the debugging protocol runs itself is not under its policy. */
  const tried = (source: string) =>
    page.evaluate(`new Promise((resolve) => setTimeout(async () => {
      try { resolve(await (${source})); } catch (error) { resolve(error.name); }
    }))`);

  test('its own scripts alone run', async () => {
    expect(await tried("eval('1 + 1')")).toBe('EvalError');
    expect(await tried("new Function('return 1')()")).toBe('EvalError');
    await page.evaluate(`{
      document.body.insertAdjacentHTML('beforeend', '<img class="tried" src="nothing" onerror="window.planted = 1"><b class="tried" onclick="window.planted = 1">x</b>');
      document.querySelector('b.tried').click();
      const script = document.createElement('script');
      script.textContent = 'window.planted = 1';
      document.head.append(script);
      document.head.append(Object.assign(document.createElement('script'), { src: ${JSON.stringify(origin.url('/script-by-page.js'))} }));
    }`);
    await settled();
    expect(await page.evaluate('window.planted ?? 0')).toBe(0);
    await page.evaluate("for (const each of document.querySelectorAll('.tried')) each.remove()");
  });

  test('it reaches no server', async () => {
    const url = JSON.stringify(origin.url('/by-page'));
    await page.evaluate(`{
      window.violated = new Set();
      document.addEventListener('securitypolicyviolation', ({ effectiveDirective }) => window.violated.add(effectiveDirective));
    }`);
    expect(await tried(`fetch(${url})`)).toBe('TypeError');
    expect(await tried(`navigator.sendBeacon(${url}, 'x')`)).not.toBe('sent');
    await page.evaluate(`{
      new Image().src = ${url};
      try { new WebSocket(${url}.replace('http', 'ws')); } catch {}
      document.head.append(Object.assign(document.createElement('link'), { rel: 'stylesheet', href: ${url} }));
    }`);
    await settled();
    expect(await page.evaluate('[...window.violated].sort()')).toEqual(['connect-src', 'img-src', 'style-src-elem']);
    expect(asked().filter((target) => target.includes('by-page'))).toEqual([]);
  });

  test('the scheme serves the built page and nothing beside it', async () => {
    for (const path of [
      '..%2f..%2fpackage.json',
      '%2e%2e/app/main.cjs',
      '..\\\\app\\\\main.cjs',
      'etc/passwd',
      'index.html%00',
      'assets',
    ]) {
      expect(await tried(`fetch('/${path}').then(({ status }) => status)`), path).toBe(404);
    }
    expect(await tried("fetch('/index.html', { method: 'POST' }).then(({ status }) => status)")).toBe(404);
    expect(await tried("fetch('/index.html').then(({ status }) => status)")).toBe(200);
  });
});
