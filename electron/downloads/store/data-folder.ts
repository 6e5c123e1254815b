/** Where Sluice keeps what outlives a run and belongs to no single file. */
import { homedir } from 'node:os';
import { join } from 'node:path';

/** `$SLUICE_DATA`, or the place the system sets aside for a program's own data. */
export function dataFolder(
  env: NodeJS.ProcessEnv = process.env,
  platform: NodeJS.Platform = process.platform,
  home: string = homedir(),
): string {
  if (env.SLUICE_DATA) return env.SLUICE_DATA;
  if (platform === 'win32') return join(env.LOCALAPPDATA || join(home, 'AppData', 'Local'), 'Sluice');
  if (platform === 'darwin') return join(home, 'Library', 'Application Support', 'Sluice');
  // The XDG base directory specification: a relative path in the variable is to be ignored.
  const state = env.XDG_STATE_HOME;
  return join(state?.startsWith('/') ? state : join(home, '.local', 'state'), 'sluice');
}
