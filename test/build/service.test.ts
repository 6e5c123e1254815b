/** The unit for systemd: what it starts is started here as it would start it, with nothing of this environment. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, test, vi } from 'vitest';
import { content } from '../support/content.ts';
import { expectFileEqualsSource } from '../support/expect-file.ts';
import { startOrigin } from '../support/origin.ts';
import { command, runCommand } from '../support/serving.ts';
import { tempDirectory } from '../support/temp.ts';

vi.setConfig({ testTimeout: 60_000 });

const path = resolve(import.meta.dirname, '../../build/sluice.service');
const unit = readFileSync(path, 'utf8');
const setting = (name: string): string => new RegExp(`^${name}=(.*)$`, 'm').exec(unit)?.[1] ?? '';

test('its command, linked into the home as the manual says, serves the page, downloads, and ends at SIGTERM within two seconds', async () => {
  const source = content(97, 1024 * 1024);
  await using origin = await startOrigin({ content: source });
  await using home = await tempDirectory();
  mkdirSync(home.file('.local/bin'), { recursive: true });
  symlinkSync(command, home.file('.local/bin/sluice'));
  const [program = '', ...words] = setting('ExecStart').replaceAll('%h', home.path).split(' ');
  // All that a user's manager gives, with the Node of this test on the path.
  const env = { HOME: home.path, PATH: `${dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin` };
  // Any free port: its own may be somebody's here.
  const child = spawn(program, [...words, '--port', '0'], { env, cwd: home.path, stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = once(child, 'exit');
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  const address = /^Listening on (http:\/\/127\.0\.0\.1:\d+\/)#token=/.exec(line)?.[1] ?? '';
  expect(await (await fetch(address)).text()).toContain('<title>Sluice</title>');
  expect((await runCommand(['add', origin.url('/by-service.bin')], env)).stderr).toBe('');
  await expect.poll(() => existsSync(home.file('Downloads/by-service.bin'))).toBe(true);
  await expectFileEqualsSource(home.file('Downloads/by-service.bin'), source);
  const begun = performance.now();
  child.kill('SIGTERM');
  expect(await ended).toEqual([0, null]);
  expect(performance.now() - begun).toBeLessThan(2000);
  expect(Number(setting('TimeoutStopSec'))).toBeGreaterThan(2);
});

test('it is started after a failure alone, may write in the home and nowhere else, and sees no keys', () => {
  expect(setting('Restart')).toBe('on-failure');
  expect([setting('ProtectSystem'), setting('ReadWritePaths')]).toEqual(['strict', '%h']);
  expect(setting('InaccessiblePaths').split(' ')).toEqual(['-%h/.ssh', '-%h/.gnupg']);
  expect(setting('NoNewPrivileges')).toBe('yes');
});

const analyze = spawnSync('systemd-analyze', ['--version']).status === 0;

test.skipIf(!analyze)('systemd takes every line of it', async () => {
  await using home = await tempDirectory();
  mkdirSync(home.file('.local/bin'), { recursive: true });
  symlinkSync(command, home.file('.local/bin/sluice'));
  const env = { HOME: home.path, XDG_RUNTIME_DIR: home.path, PATH: process.env.PATH };
  const { status, stderr } = spawnSync('systemd-analyze', ['--user', 'verify', path], { env, encoding: 'utf8' });
  expect([status, stderr]).toEqual([0, '']);
});
