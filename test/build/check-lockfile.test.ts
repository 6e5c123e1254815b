import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

const root = path.resolve(import.meta.dirname, '../..');

interface Lockfile {
  packages: Record<string, { resolved?: string; integrity?: string; optionalDependencies?: Record<string, string> }>;
}

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'sluice-lockfile-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Runs the check on our lockfile after `spoil` has changed it. */
async function check(spoil: (packages: Lockfile['packages']) => void): Promise<{ code: number | null; output: string }> {
  const lockfile: Lockfile = JSON.parse(await readFile(path.join(root, 'package-lock.json'), 'utf8'));
  spoil(lockfile.packages);
  const file = path.join(folder, 'package-lock.json');
  await writeFile(file, JSON.stringify(lockfile));
  return new Promise((resolve) => {
    const child = execFile(process.execPath, ['build/check-lockfile.mjs', file], { cwd: root }, (_error, stdout, stderr) =>
      resolve({ code: child.exitCode, output: stdout + stderr }),
    );
  });
}

test('our lockfile is complete', async () => {
  const { code, output } = await check(() => {});
  expect(output).toMatch(/\d{2,} packages, nothing missing/);
  expect(code).toBe(0);
});

test('a platform package that was dropped is named', async () => {
  const { code, output } = await check((packages) => {
    expect(delete packages['node_modules/@biomejs/cli-darwin-arm64']).toBe(true);
  });
  expect(output).toContain('node_modules/@biomejs/biome may need @biomejs/cli-darwin-arm64, which is not locked');
  expect(code).toBe(1);
});

test('an optional package beside its only user counts as locked', async () => {
  const { code } = await check((packages) => {
    packages['node_modules/user'] = { integrity: 'sha512-x', optionalDependencies: { helper: '1' } };
    packages['node_modules/user/node_modules/helper'] = { integrity: 'sha512-y' };
  });
  expect(code).toBe(0);
});

test('a download address is refused', async () => {
  const { code, output } = await check((packages) => {
    Object.assign(packages['node_modules/undici'] ?? {}, { resolved: 'https://mirror.example/undici.tgz' });
  });
  expect(output).toContain('node_modules/undici has a download address: mirror.example');
  expect(code).toBe(1);
});

test('a package without a hash and a lockfile without packages are refused', async () => {
  const unhashed = await check((packages) => {
    delete packages['node_modules/undici']?.integrity;
  });
  expect(unhashed).toMatchObject({ code: 1, output: expect.stringContaining('node_modules/undici has no integrity hash') });
  const empty = await check((packages) => {
    for (const name of Object.keys(packages)) delete packages[name];
  });
  expect(empty).toMatchObject({ code: 1, output: expect.stringContaining('it holds no packages') });
});
