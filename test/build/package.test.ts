/** Packs the built app as `npm run package` does, around distributions of Electron that hold nothing, and looks at what came out. */
import { execFile } from 'node:child_process';
import { chmod, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import { expectPage, RunningApp } from '../desktop/running-app.ts';
import { content } from '../support/content.ts';
import { dummyForLinux, dummyForMac, dummyForWindows } from '../support/dummy-electron.ts';
import { startOrigin } from '../support/origin.ts';
import { type TempDirectory, tempDirectory } from '../support/temp.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const root = resolve(import.meta.dirname, '../..');
const run = promisify(execFile);
let folder: TempDirectory;

beforeAll(async () => {
  folder = await tempDirectory();
});
afterAll(() => folder[Symbol.asyncDispose]());

const tool = async (script: string, ...words: string[]): Promise<string> =>
  (await run(process.execPath, [join(root, 'node_modules', script), ...words], { cwd: root })).stdout;

async function pack(
  system: 'linux' | 'mac' | 'win',
  dummy: (folder: string, version: string) => Promise<void>,
  ...options: string[]
): Promise<string> {
  await dummy(folder.file(`${system}-dist`), manifest.devDependencies.electron);
  const out = folder.file(`${system}-packages`);
  const settings = [`-c.electronDist=${folder.file(`${system}-dist`)}`, `-c.directories.output=${out}`, ...options];
  const config = ['--config', 'build/electron-builder.yml', '--publish', 'never'];
  await tool('electron-builder/cli.js', ...config, `--${system}`, '--dir', '--x64', ...settings);
  return out;
}

/** The wire in the program, read back by Electron's own tool. */
const fusesOf = async (program: string): Promise<Record<string, string>> =>
  Object.fromEntries(
    [...(await tool('@electron/fuses/dist/bin.js', 'read', '--app', program)).matchAll(/(\w+) is (\w+)/g)].map(
      ([, name = '', state = '']) => [name, state],
    ),
  );

const wanted = {
  RunAsNode: 'Disabled',
  EnableNodeOptionsEnvironmentVariable: 'Disabled',
  EnableNodeCliInspectArguments: 'Disabled',
  OnlyLoadAppFromAsar: 'Enabled',
  EnableEmbeddedAsarIntegrityValidation: 'Enabled',
  EnableCookieEncryption: 'Enabled',
  GrantFileProtocolExtraPrivileges: 'Disabled',
  LoadBrowserProcessSpecificV8Snapshot: 'Disabled',
};

test('Linux: the archive holds what was built and nothing else, and runs as packed', async () => {
  const out = join(await pack('linux', dummyForLinux), 'linux-unpacked');
  expect(await fusesOf(join(out, 'sluice'))).toMatchObject(wanted);
  expect((await readdir(join(out, 'locales'))).sort()).toEqual(['en-US.pak', 'zh-CN.pak']);
  const archive = join(out, 'resources/app.asar');
  const listed = (await tool('@electron/asar/bin/asar.js', 'list', archive)).trim().split('\n');
  const files = listed.map((line) => line.replaceAll('\\', '/'));
  for (const needed of ['main.cjs', 'preload.cjs', 'tray.png', 'licenses.txt']) expect(files).toContain(`/out/app/${needed}`);
  for (const needed of ['index.html', 'quick-add.html', 'licenses.md']) expect(files).toContain(`/out/page/${needed}`);
  const places = /^\/(package\.json|LICENSE|out|out\/(app|page)(\/.*)?)$/;
  expect(files.filter((file) => !places.test(file))).toEqual([]);
  expect(files.filter((file) => /\.(ts|tsx|map|test\.\w+)$|node_modules|node-linux|\.env/.test(file))).toEqual([]);
  const { size } = await stat(archive);
  process.stdout.write(`app.asar: ${(size / 1024 / 1024).toFixed(1)} MiB in ${files.length} entries\n`);
  expect(size).toBeLessThan(8 * 1024 * 1024);

  // As Electron reads it out of the archive.
  const extracted = folder.file('extracted');
  await tool('@electron/asar/bin/asar.js', 'extract', archive, extracted);
  const main = join(extracted, manifest.main);
  // Electron runs out of the archive the same that every other test of the app runs.
  expect(await readFile(main)).toEqual(await readFile(join(root, manifest.main)));
  const source = content(9, 1024 * 1024);
  await using origin = await startOrigin({ content: source });
  await using running = await RunningApp.start({ main, env: { STAND_IN_PACKAGED: '1' } });
  await expectPage((await running.page()).getByRole('heading', { name: 'Nothing is being downloaded' })).toBeVisible();
  // Links of our scheme lead to the desktop entry that the package brings.
  expect(await readFile(running.folder.file('default-programs'), 'utf8')).toBe(
    'set default-url-scheme-handler sluice sluice.desktop\n',
  );
  // The app's own program is the command too: started with its words, it opens no window and ends with its code.
  const asCommand = (...words: string[]) => {
    const register = join(root, 'test/support/electron/register.ts');
    const env = { ...process.env, ...running.env, STAND_IN_PACKAGED: '1' };
    return run(process.execPath, ['--disable-warning=ExperimentalWarning', '--import', register, main, ...words], { env });
  };
  await running.call('downloads.add', { orders: [{ request: { url: origin.url('/by-app.bin') } }] });
  await expect
    .poll(() =>
      readFile(running.file('by-app.bin')).then(
        (bytes) => source.matches(bytes, 0),
        () => false,
      ),
    )
    .toBe(true);
  const { stdout: id } = await asCommand('add', '--paused', origin.url('/packed.bin'));
  expect(id).toMatch(/^[0-9a-f]{16}\n$/);
  expect((await asCommand('list', '--ozone-platform=headless')).stdout).toContain('packed.bin');
  expect((await asCommand('--version')).stdout.trim()).toBe(manifest.version);
  await asCommand('get', origin.url('/fetched.bin'), '--dir', running.file(''), '--quiet');
  expect(source.matches(await readFile(running.file('fetched.bin')), 0)).toBe(true);
  await expect(asCommand('get', 'nonsense')).rejects.toMatchObject({ code: 2 });
});

test('Linux: the desktop entry opens links of our scheme', async () => {
  const inside = (name: string) => import(join(root, 'node_modules/app-builder-lib/out', name));
  const { Packager } = await inside('packager.js');
  const { LinuxPackager } = await inside('linuxPackager.js');
  const { LinuxTargetHelper } = await inside('targets/LinuxTargetHelper.js');
  const packager = new Packager({ projectDir: root, config: 'build/electron-builder.yml' });
  await packager.validateConfig();
  const linux = new LinuxPackager(packager);
  const entry: string = await new LinuxTargetHelper(linux).computeDesktopEntry(linux.platformSpecificBuildOptions);
  expect(entry).toMatch(/^Exec=\/opt\/Sluice\/sluice %U$/m);
  expect(entry).toMatch(/^MimeType=.*x-scheme-handler\/sluice;/m);
  expect(entry).toMatch(/^Categories=Network;$/m);
  expect(packager.config.linux.target).toEqual(['AppImage', 'deb', 'rpm']);
  expect(packager.config.mac.target).toEqual({ target: 'dmg', arch: 'universal' });
  expect(packager.config.win.target).toEqual(['nsis', 'portable']);
});

test('macOS: scheme, quarantine and the hash of the archive are in Info.plist, and the launcher starts the program', async () => {
  const options = ['-c.mac.identity=null', '-c.mac.target=dir'];
  const app = join(await pack('mac', dummyForMac, ...options), 'mac/Sluice.app');
  expect(await fusesOf(app)).toMatchObject(wanted);
  const plist = (await readFile(join(app, 'Contents/Info.plist'), 'utf8')).replaceAll(/\s+/g, '');
  expect(plist).toContain('<key>CFBundleURLSchemes</key><array><string>sluice</string></array>');
  expect(plist).toContain('<key>LSFileQuarantineEnabled</key><true/>');
  expect(plist).toMatch(
    /<key>ElectronAsarIntegrity<\/key><dict><key>Resources\/app\.asar<\/key>.*?<string>[0-9a-f]{64}<\/string>/,
  );
  const program = join(app, 'Contents/MacOS/Sluice');
  await writeFile(program, '#!/bin/sh\nprintf "%s|" "$@"\n');
  await chmod(program, 0o755);
  await mkdir(folder.file('bin'));
  await symlink(join(app, 'Contents/Resources/bin/sluice'), folder.file('bin', 'sluice'));
  expect((await run(folder.file('bin', 'sluice'), ['add', 'http://a/b c'])).stdout).toBe('add|http://a/b c|');
});

test('Windows: fuses and the launcher of the command', async () => {
  const out = join(await pack('win', dummyForWindows, '-c.win.signAndEditExecutable=false'), 'win-unpacked');
  expect(await fusesOf(join(out, 'Sluice.exe'))).toMatchObject(wanted);
  const launcher = await readFile(join(out, 'resources/bin/sluice.cmd'), 'utf8');
  expect(launcher).toContain('"%~dp0..\\..\\Sluice.exe" %*\r\n');
});
