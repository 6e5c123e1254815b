/** The application's files as the server keeps them: what electron-store is built on, so that both hosts read the same files. */
import Conf from 'conf';
import type { OpenStore } from '#downloads';

/** For this user's eyes alone. */
const fileMode = 0o600;

export function storesIn(dataFolder: string): OpenStore {
  return (name) => new Conf({ cwd: dataFolder, configName: name, configFileMode: fileMode, clearInvalidConfig: false });
}
