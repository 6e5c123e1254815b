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

test('Linux: what deb and rpm are made of: the program, its command, desktop entry, link files, icons in every size', async () => {
  // fpm, which electron-builder would download, is what puts these into a package. This one writes down what it was given.
  const fpm = folder.file('fpm');
  const script = `#!/bin/sh
    for word; do
      case $last in -t) kind=$word ;; --after-install) cp "$word" "$0.installs" ;; --package) : > "$word" ;; esac
      case $word in *.desktop=*) cp "\${word%%=*}" "$0.entry" ;; esac
      last=$word
    done
    printf '%s\\n' "$@" > "$0.$kind"
  `;
  await writeFile(fpm, script, { mode: 0o755 });
  await dummyForLinux(folder.file('installers-dist'), manifest.devDependencies.electron);
  const settings = [`-c.electronDist=${folder.file('installers-dist')}`, `-c.directories.output=${folder.file('installers')}`];
  const words = ['--config', 'build/electron-builder.yml', '--publish', 'never', '--x64', ...settings, '--linux', 'deb', 'rpm'];
  const env = { ...process.env, CUSTOM_FPM_PATH: fpm };
  await run(process.execPath, [join(root, 'node_modules/electron-builder/cli.js'), ...words], { cwd: root, env });
  for (const kind of ['deb', 'rpm']) {
    const given = (await readFile(`${fpm}.${kind}`, 'utf8')).split('\n');
    /** From the place in the system to the file. */
    const places = new Map(
      given.flatMap((word) => (/^\/.+=\/(opt|usr)\//.test(word) ? [word.split('=').reverse() as [string, string]] : [])),
    );
    expect(places.get('/opt/Sluice')).toMatch(/linux-unpacked\/$/);
    expect(places.has('/usr/share/applications/sluice.desktop')).toBe(true);
    for (const size of [16, 24, 32, 48, 64, 128, 256, 512, 1024]) {
      const icon = await readFile(places.get(`/usr/share/icons/hicolor/${size}x${size}/apps/sluice.png`) ?? '');
      // Of the PNG's head.
      expect([icon.readUInt32BE(16), icon.readUInt32BE(20)]).toEqual([size, size]);
    }
    expect(given).toEqual(expect.arrayContaining(['--license', 'MIT', '--name', 'sluice', '--version', manifest.version]));
  }
  const installs = await readFile(`${fpm}.installs`, 'utf8');
  expect(installs).toContain("ln -sf '/opt/Sluice/sluice' '/usr/bin/sluice'");
  const entry = await readFile(`${fpm}.entry`, 'utf8');
  expect(entry).toMatch(/^Exec=\/opt\/Sluice\/sluice %U$/m);
  expect(entry).toMatch(/^MimeType=application\/x-mswinurl;x-scheme-handler\/sluice;/m);
  expect(entry).toMatch(/^Categories=Network;$/m);
  expect(entry).toMatch(/^Icon=sluice$/m);
  expect(entry).toMatch(/^GenericName\[zh_CN\]=下载管理器$/m);
});

test('every system: the kinds of package, and what they are built with is there', async () => {
  const { Packager } = await import(join(root, 'node_modules/app-builder-lib/out/packager.js'));
  const packager = new Packager({ projectDir: root, config: 'build/electron-builder.yml' });
  // Against electron-builder's own schema, which knows the settings of every target and refuses others.
  await packager.validateConfig();
  const { linux, mac, win, nsis } = packager.config;
  expect(linux.target).toEqual(['AppImage', 'deb', 'rpm']);
  expect(mac.target).toEqual({ target: 'dmg', arch: 'universal' });
  expect(win.target).toEqual(['nsis', 'portable']);
  expect(nsis).toMatchObject({ perMachine: false, deleteAppDataOnUninstall: false });
  for (const path of [mac.entitlements, mac.entitlementsInherit, mac.icon, win.icon])
    expect((await stat(join(root, path))).isFile()).toBe(true);
  // V8 compiles at run time; no other door of the hardened runtime is opened.
  const entitlements = await readFile(join(root, mac.entitlements), 'utf8');
  expect([...entitlements.matchAll(/<key>(.*)<\/key>/g)].map(([, key]) => key)).toEqual(['com.apple.security.cs.allow-jit']);
  // Sizes in the head of the .ico (0 is 256), and the kinds of the .icns: up to 1024.
  const ico = await readFile(join(root, win.icon));
  const sizes = Array.from({ length: ico.readUInt16LE(4) }, (_, index) => ico[6 + 16 * index] || 256);
  expect(sizes).toEqual(expect.arrayContaining([16, 32, 48, 256]));
  const icns = await readFile(join(root, mac.icon), 'latin1');
  expect(icns.startsWith('icns')).toBe(true);
  for (const kind of ['ic07', 'ic08', 'ic09', 'ic10']) expect(icns).toContain(kind);
});

test('macOS: scheme, quarantine and the hash of the archive are in Info.plist, and the launcher starts the program', async () => {
  const options = ['-c.mac.identity=null', '-c.mac.target=dir'];
  const app = join(await pack('mac', dummyForMac, ...options), 'mac/Sluice.app');
  expect(await fusesOf(app)).toMatchObject(wanted);
  const plist = (await readFile(join(app, 'Contents/Info.plist'), 'utf8')).replaceAll(/\s+/g, '');
  expect(plist).toContain('<key>CFBundleURLSchemes</key><array><string>sluice</string></array>');
  expect(plist).toContain('<key>LSFileQuarantineEnabled</key><true/>');
  // Link files may be dropped on the dock's icon, and are opened by something else all the same.
  for (const type of ['com.apple.web-internet-location', 'com.microsoft.internet-shortcut', 'public.plain-text']) {
    expect(plist).toContain(`<string>${type}</string>`);
  }
  expect(plist).toContain('<key>LSHandlerRank</key><string>Alternate</string>');
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
