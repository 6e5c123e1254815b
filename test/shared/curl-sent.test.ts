/** Copied commands, each sent by the engine: what the server receives is what the command meant. */
import { describe, expect, test } from 'vitest';
import { parseCurlCommand } from '../../shared/curl/read.ts';
import { content } from '../support/content.ts';
import { type Rig, startRig } from '../support/fetching.ts';
import { type CurlFixture, type Dialect, readFixtures } from './curl-fixtures/read.ts';

const source = content(8, 4096);

const filled = (command: string, rig: Rig): string =>
  command.replaceAll('{origin}', rig.origin.url('').replace(/\/$/, '')).replaceAll('{host}', `127.0.0.1:${rig.origin.port}`);

async function expectSent(fixture: CurlFixture, command: (written: string) => string): Promise<void> {
  await using rig = await startRig({ content: source });
  const { request } = parseCurlCommand(command(filled(fixture.command, rig)));
  const run = rig.download({ connections: 1 }, request, { name: 'a.bin' });
  expect(await run.end()).toMatchObject({ type: 'done' });
  const [received] = rig.origin.requests;
  expect(received).toMatchObject({ method: fixture.method, target: fixture.target, headers: fixture.headers });
  for (const name of fixture.without) expect(received?.headers[name]).toBeUndefined();
  expect(received?.body.toString('utf8')).toBe(fixture.body);
}

describe.each<Dialect>(['bash', 'cmd', 'powershell'])('commands for %s', async (dialect) => {
  const fixtures = await readFixtures(dialect);

  test('are twenty at least', () => expect(fixtures.length).toBeGreaterThanOrEqual(20));

  test.each(fixtures.map((fixture) => [fixture.name, fixture] as const))('%s', async (_, fixture) => {
    await expectSent(fixture, (written) => written);
  });

  test.each(fixtures.map((fixture) => [fixture.name, fixture] as const))('%s, with the line ends of Windows', (_, fixture) => {
    const plain = parseCurlCommand(fixture.command.replaceAll('{origin}', 'http://127.0.0.1'));
    expect(parseCurlCommand(fixture.command.replaceAll('{origin}', 'http://127.0.0.1').replaceAll('\n', '\r\n'))).toEqual(plain);
  });
});
