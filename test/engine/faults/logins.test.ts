/** Logins by HTTP Basic: sent at once where they belong, once, and never told to anybody else. */
import { readdir, readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { lacksLogin, status } from '../../support/changes.ts';
import { content } from '../../support/content.ts';
import { MiB, type Rig, type Run, startRig } from '../../support/fetching.ts';

const always = Number.POSITIVE_INFINITY;
const source = content(56, 16 * MiB);
const login = { user: 'ada', password: 'pass:wörd ü' };
const basic = (user: string, password: string) => `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
const challenge = (value: string) => status(401, { headers: [['WWW-Authenticate', value]] });
const wants = ({ user, password }: typeof login) => ({
  on: { where: lacksLogin(user, password) },
  times: always,
  answer: challenge('Basic realm="The archive", charset="UTF-8"'),
});
/** For a plan in which the login is right from the first request on. */
const neverFires = { atLeast: 0 };

/** Nothing that is told or stored holds the password in any form. */
async function expectSecret(rig: Rig, run: Run, password: string): Promise<void> {
  const forms = [password, encodeURIComponent(password), Buffer.from(`ada:${password}`).toString('base64')];
  const told = [JSON.stringify(run.events), JSON.stringify(run.download.progress())];
  for (const name of await readdir(rig.directory.path)) {
    if (name.endsWith('.ckpt')) told.push(await readFile(rig.directory.file(name), 'latin1'));
  }
  for (const form of forms) for (const text of told) expect(text).not.toContain(form);
}

describe('F56', () => {
  test('F56: a login goes out with the first request and every other one', async () => {
    await using rig = await startRig({ content: source, bytesPerSecond: 2 * MiB, faults: [{ ...wants(login), ...neverFires }] });
    const run = rig.download({ retries: 0 }, { login });
    await run.end();
    await rig.expectDone(run);
    expect(rig.origin.maxStreams).toBeGreaterThan(2);
    expect(new Set(rig.origin.requests.map(({ headers }) => headers.authorization))).toEqual(
      new Set([basic(login.user, login.password)]),
    );
    await expectSecret(rig, run, login.password);
  });

  test('F56: a login in the address counts as one, and is not sent as a part of the address', async () => {
    await using rig = await startRig({ content: content(56, MiB), faults: [{ ...wants(login), ...neverFires }] });
    const url = new URL(rig.origin.url());
    url.username = login.user;
    url.password = login.password;
    const run = rig.download({ retries: 0 }, { url: url.href });
    await run.end();
    await rig.expectDone(run);
    expect(rig.origin.requests[0]?.target).toBe('/file.bin');
    expect(rig.origin.requests[0]?.headers.host).toBe(`127.0.0.1:${rig.origin.port}`);
    await expectSecret(rig, run, login.password);
  });

  test("F56: the user's own Authorization header goes before a login", async () => {
    await using rig = await startRig({ content: content(56, MiB) });
    const run = rig.download({}, { login, headers: [['Authorization', 'Bearer abc']] });
    await run.end();
    await rig.expectDone(run);
    expect(rig.origin.requests.map(({ headers }) => headers.authorization)).toEqual(['Bearer abc']);
  });

  test('F56: a refused login is sent once and fails with the realm', async () => {
    await using rig = await startRig({ content: source, faults: [wants({ ...login, password: 'another' })] });
    const run = rig.download({}, { login });
    await run.end();
    expect(run.download.state).toEqual({
      type: 'failed',
      failure: { code: 'E_AUTH', message: 'the server refused the login for "The archive"' },
    });
    expect(rig.origin.requests).toHaveLength(1);
    expect(await readdir(rig.directory.path)).toEqual([]);
    await expectSecret(rig, run, login.password);
  });

  test.each([
    ['Basic realm="The archive"', ' for "The archive"'],
    ['Basic realm=archive, charset="UTF-8"', ' for "archive"'],
    ['basic REALM = "a \\"quoted\\" \\\\ name"', ' for "a "quoted" \\ name"'],
    ['Digest qop="auth", realm="digest", nonce="1"', ' for "digest"'],
    ['Negotiate', ''],
    ['Basic realm=""', ''],
    [`Basic realm="${'x'.repeat(200)}"`, ` for "${'x'.repeat(80)}"`],
    ['Basic realm="caf\u00e9"', ' for "caf"'],
  ])('F56: without a login the failure names the realm of %j', async (value, told) => {
    await using rig = await startRig({ content: source, faults: [{ on: {}, answer: challenge(value) }] });
    const run = rig.download();
    await run.end();
    expect(run.download.state).toEqual({
      type: 'failed',
      failure: { code: 'E_AUTH', message: `the server wants a login${told}` },
    });
    expect(rig.origin.requests).toHaveLength(1);
    expect(rig.origin.requests[0]?.headers.authorization).toBeUndefined();
  });

  test('F56: a 401 without any challenge is E_AUTH too', async () => {
    await using rig = await startRig({ content: source, faults: [{ on: {}, answer: status(401) }] });
    const run = rig.download();
    await run.end();
    expect(run.code).toBe('E_AUTH');
  });

  test('F56: a login that is wrong at a resume fails with all claims kept, and the right one goes on', async () => {
    let isChanged = false;
    const lacks = lacksLogin(login.user, login.password);
    await using rig = await startRig({
      content: source,
      bytesPerSecond: 2 * MiB,
      faults: [{ ...wants(login), on: { where: (exchange) => isChanged && lacks(exchange) } }],
    });
    const first = rig.download({ connections: 2 }, { login: { ...login, password: 'old' } });
    first.download.start();
    await rig.origin.until(() => rig.origin.bytesSent > 8 * MiB);
    await first.download.pause();
    isChanged = true;
    await rig.restartEngine();
    const second = rig.download({ connections: 2 }, { login: { ...login, password: 'old' } });
    await second.end();
    expect(second.code).toBe('E_AUTH');
    const kept = second.download.progress().doneBytes;
    expect(kept).toBeGreaterThan(7 * MiB);
    second.download.setRequest({ login });
    await second.end();
    await rig.expectDone(second);
    expect(second.download.progress().resumedBytes).toBe(kept);
    expect(second.restarts).toBe(0);
    await expectSecret(rig, second, login.password);
  });
});
