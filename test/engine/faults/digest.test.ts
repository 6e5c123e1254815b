/** Logins by HTTP Digest: taken up where the server asks, counted, and given to nobody else. */
import { describe, expect, test } from 'vitest';
import { redirect } from '../../support/changes.ts';
import { content } from '../../support/content.ts';
import { DigestGuard, type DigestGuardOptions, fieldsOf } from '../../support/digest-guard.ts';
import { MiB, startRig } from '../../support/fetching.ts';
import { startOrigin } from '../../support/origin.ts';

const login = { user: 'ada "q" lovelace', password: 'CANARY:pässwörd' };
const source = content(56, 16 * MiB);
const rate = { bytesPerSecond: 2 * MiB };

const ways: readonly (readonly [string, Partial<DigestGuardOptions>])[] = [
  ['MD5', { algorithm: 'MD5' }],
  ['MD5-sess', { algorithm: 'MD5-sess' }],
  ['SHA-256', { algorithm: 'SHA-256' }],
  ['SHA-256-sess', { algorithm: 'SHA-256-sess' }],
  ['no qop', { isOld: true }],
  ['Basic offered before it', { others: ['Basic realm="plain"'] }],
  ['MD5 offered before SHA-256', { algorithm: 'SHA-256', others: ['Digest realm="x", nonce="y", qop="auth", algorithm=MD5'] }],
  ['what nobody knows offered before it', { others: ['Negotiate YII==, Digest realm="x", nonce="y", algorithm=SHA-999'] }],
];

test.each(ways)('F56: a login by Digest (%s) costs one request, and all later ones carry it at once', async (_way, options) => {
  const guard = new DigestGuard({ ...login, ...options });
  await using rig = await startRig({ content: source, ...rate, faults: [guard.fault] });
  const run = rig.download({}, { login });
  await run.end();
  await rig.expectDone(run);
  expect(guard.refused).toBe(1);
  expect(guard.accepted.length).toBe(rig.origin.requests.length - 1);
  expect(rig.origin.maxStreams).toBeGreaterThan(2);
  expect(rig.origin.requests.filter(({ headers }) => headers.authorization?.startsWith('Basic'))).toHaveLength(1);
  // Each use under the nonce has its own number, from 1, in the order of asking.
  if (!options.isOld) {
    const counts = guard.accepted.map((fields) => Number.parseInt(fields.get('nc') ?? '', 16)).sort((a, b) => a - b);
    expect(counts).toEqual(counts.map((_count, index) => index + 1));
  }
  expect(JSON.stringify(run.events)).not.toContain('CANARY');
  // What shows the password comes only with the first request; Basic was asked for by nobody yet.
  expect(JSON.stringify(rig.origin.requests.slice(1).map(({ fields }) => fields))).not.toContain('CANARY');
});

test('F56: a wrong login by Digest is tried once and fails with the realm', async () => {
  const guard = new DigestGuard({ ...login, realm: 'The deep vault' });
  await using rig = await startRig({ content: source, faults: [guard.fault] });
  const run = rig.download({}, { login: { ...login, password: 'CANARY wrong' } });
  await run.end();
  expect(run.download.state).toMatchObject({
    type: 'failed',
    failure: { code: 'E_AUTH', message: 'the server refused the login for "The deep vault"' },
  });
  expect(rig.origin.requests).toHaveLength(2);
});

test('F56: without a login a Digest challenge is not answered', async () => {
  const guard = new DigestGuard(login);
  await using rig = await startRig({ content: source, faults: [guard.fault] });
  const run = rig.download();
  await run.end();
  expect(run.download.state).toMatchObject({ failure: { code: 'E_AUTH', message: 'the server wants a login for "The vault"' } });
  expect(rig.origin.requests).toHaveLength(1);
});

describe('F56: a nonce that is too old', () => {
  test('F56: is replaced on the same hop, and nothing is lost', async () => {
    const guard = new DigestGuard({ ...login, usesPerNonce: 3 });
    await using rig = await startRig({ content: source, ...rate, faults: [guard.fault] });
    const run = rig.download({ connections: 4 }, { login });
    await run.end();
    await rig.expectDone(run);
    expect(guard.refused).toBeGreaterThan(1);
    expect(run.restarts).toBe(0);
    // One refusal for each nonce used up, and a few where several slots meet the same one.
    expect(guard.refused).toBeLessThanOrEqual(1 + guard.accepted.length);
  });

  test('F56: again and again ends instead of circling', async () => {
    const guard = new DigestGuard({ ...login, usesPerNonce: 0 });
    await using rig = await startRig({ content: source, faults: [guard.fault] });
    const run = rig.download({}, { login });
    await run.end();
    expect(run.code).toBe('E_AUTH');
    expect(rig.origin.requests).toHaveLength(2);
  });
});

test('F56: each hop of a redirect on the same server answers for its own address', async () => {
  const guard = new DigestGuard(login);
  await using rig = await startRig({
    content: source,
    faults: [
      guard.fault,
      { on: { path: '/start', where: (exchange) => fieldsOf(exchange).size > 0 }, answer: redirect(302, '/file.bin?x=1') },
    ],
  });
  const run = rig.download({}, { url: rig.origin.url('/start'), login });
  await run.end();
  await rig.expectDone(run);
  expect(guard.accepted.map((fields) => fields.get('uri')).slice(0, 2)).toEqual(['/start', '/file.bin?x=1']);
  expect(guard.refused).toBe(1);
});

test('F66: another server that asks for Digest after a redirect learns nothing of the login', async () => {
  const guard = new DigestGuard(login);
  await using rig = await startRig({ content: source, host: '127.0.0.2', faults: [guard.fault] });
  await using front = await startOrigin({
    clock: rig.clock,
    content: source,
    faults: [{ on: {}, answer: redirect(302, rig.origin.url()) }],
  });
  const run = rig.download({}, { url: front.url(), login });
  await run.end();
  expect(run.code).toBe('E_AUTH');
  expect(rig.origin.requests.map(({ headers }) => headers.authorization)).toEqual([undefined]);
});

test('F56: a header of the user goes before Digest too', async () => {
  const guard = new DigestGuard(login);
  await using rig = await startRig({ content: source, faults: [guard.fault] });
  const run = rig.download({}, { login, headers: [['Authorization', 'Bearer abc']] });
  await run.end();
  expect(run.code).toBe('E_AUTH');
  expect(rig.origin.requests.map(({ headers }) => headers.authorization)).toEqual(['Bearer abc']);
});
