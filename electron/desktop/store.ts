/** The application's files as the desktop app keeps them: the same that a server reads and writes. */
import Store from 'electron-store';
import type { OpenStore } from '#downloads';

/** For this user's eyes alone. */
const fileMode = 0o600;

export function storesIn(dataFolder: string): OpenStore {
  return (name) => new Store({ cwd: dataFolder, name, configFileMode: fileMode, clearInvalidConfig: false });
}
