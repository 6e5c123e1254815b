/**
 * Distributions of Electron for packing where none can be had: the files that electron-builder touches, with nothing in them that
 * runs. The fuses are real ones: a wire as @electron/fuses finds and flips it.
 */
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';

/** Of Electron's fuse wire: sentinel, version 1, nine fuses as they are in a fresh distribution. */
const fuses = Buffer.concat([Buffer.from('dL7pKGdnNz796PbbjQWNKmHXBZaB9tsX'), Buffer.from([1, 9]), Buffer.from('101100011')]);

async function put(path: string, bytes: string | Buffer, mode = 0o644): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, bytes);
  await chmod(path, mode);
}

const program = Buffer.concat([Buffer.alloc(64, 1), fuses, Buffer.alloc(64, 2)]);
const languages = ['de', 'en-US', 'fr', 'zh-CN'];

async function common(folder: string, version: string): Promise<void> {
  await put(join(folder, 'version'), version);
  await put(join(folder, 'LICENSE'), 'The license of Electron.\n');
  await put(join(folder, 'LICENSES.chromium.html'), '<p>The licenses of Chromium.</p>\n');
}

export async function dummyForLinux(folder: string, version: string): Promise<void> {
  await common(folder, version);
  await put(join(folder, 'electron'), program, 0o755);
  for (const language of languages) await put(join(folder, 'locales', `${language}.pak`), 'texts');
  await mkdir(join(folder, 'resources'));
}

/** A program of Windows has a head that electron-builder writes names into; another package's small one serves. */
export async function dummyForWindows(folder: string, version: string): Promise<void> {
  await common(folder, version);
  const other = resolve(import.meta.dirname, '../../node_modules/electron-winstaller/vendor/Squirrel.exe');
  await put(join(folder, 'electron.exe'), Buffer.concat([await readFile(other), fuses]));
  for (const language of languages) await put(join(folder, 'locales', `${language}.pak`), 'texts');
  await mkdir(join(folder, 'resources'));
}

const plist = (name: string): string => `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0"><dict>
<key>CFBundleExecutable</key><string>${name}</string>
<key>CFBundleIdentifier</key><string>com.github.Electron</string>
<key>CFBundleName</key><string>${name}</string>
</dict></plist>
`;

async function bundle(folder: string, name: string, bytes: Buffer): Promise<void> {
  await put(join(folder, 'Contents/Info.plist'), plist(name));
  await put(join(folder, 'Contents/MacOS', name), bytes, 0o755);
}

export async function dummyForMac(folder: string, version: string): Promise<void> {
  await common(folder, version);
  const app = join(folder, 'Electron.app');
  await bundle(app, 'Electron', Buffer.from('program'));
  const frameworks = join(app, 'Contents/Frameworks');
  // The wire lies in the framework.
  await put(join(frameworks, 'Electron Framework.framework/Electron Framework'), program, 0o755);
  for (const kind of ['', ' (GPU)', ' (Plugin)', ' (Renderer)']) {
    await bundle(join(frameworks, `Electron Helper${kind}.app`), `Electron Helper${kind}`, Buffer.from('helper'));
  }
  const resources = join(frameworks, 'Electron Framework.framework/Versions/A/Resources');
  for (const language of ['de', 'en', 'zh_CN']) {
    await put(join(app, 'Contents/Resources', `${language}.lproj/.keep`), '');
    await put(join(resources, `${language}.lproj/locale.pak`), 'texts');
  }
}
