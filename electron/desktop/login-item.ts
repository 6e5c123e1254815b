/** Starting with the session: by the system's own list, or on Linux by a file of the XDG autostart specification. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { app } from 'electron';

const hiddenSwitch = '--hidden';

/** Started by the session and by nobody who wants to see a window. macOS passes no words. */
export const isHiddenStart = (words: readonly string[]): boolean =>
  words.includes(hiddenSwitch) || (process.platform === 'darwin' && app.getLoginItemSettings().wasOpenedAtLogin);

export function startAtLogin(isOn: boolean): void {
  if (process.platform !== 'linux') app.setLoginItemSettings({ openAtLogin: isOn, args: [hiddenSwitch] });
  else writeAutostart(isOn);
}

function writeAutostart(isOn: boolean): void {
  const configured = process.env.XDG_CONFIG_HOME;
  const folder = join(configured?.startsWith('/') ? configured : join(homedir(), '.config'), 'autostart');
  const path = join(folder, 'sluice.desktop');
  if (!isOn) {
    rmSync(path, { force: true });
    return;
  }
  // An AppImage runs from a mount that is another one each time; its file is named here.
  const program = process.env.APPIMAGE ?? app.getPath('exe');
  const text = `[Desktop Entry]\nType=Application\nName=Sluice\nExec=${quoted(program)} ${hiddenSwitch}\nTerminal=false\n`;
  if (read(path) === text) return;
  mkdirSync(folder, { recursive: true });
  writeFileSync(path, text);
}

/** As the desktop entry specification quotes: once for the value, once for the argument. */
function quoted(program: string): string {
  const argument = program.replaceAll(/["`$\\]/g, '\\$&').replaceAll('%', '%%');
  return `"${argument.replaceAll('\\', '\\\\')}"`;
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
