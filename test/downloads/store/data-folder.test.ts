import { describe, expect, test } from 'vitest';
import { dataFolder } from '../../../electron/downloads/store/data-folder.ts';

describe('the data folder', () => {
  test.each([
    ['$SLUICE_DATA wherever it is set', { SLUICE_DATA: '/data' }, 'linux', '/data'],
    ['the state folder of XDG', { XDG_STATE_HOME: '/state' }, 'linux', '/state/sluice'],
    ['its default', {}, 'linux', '/home/me/.local/state/sluice'],
    ['the default where XDG_STATE_HOME is relative', { XDG_STATE_HOME: 'state' }, 'freebsd', '/home/me/.local/state/sluice'],
    ['the library on macOS', { XDG_STATE_HOME: '/state' }, 'darwin', '/home/me/Library/Application Support/Sluice'],
  ] as const)('is %s', (_what, env, platform, folder) => {
    expect(dataFolder(env, platform, '/home/me')).toBe(folder);
  });

  test('is the local application data on Windows', () => {
    expect(dataFolder({ LOCALAPPDATA: 'C:\\Local' }, 'win32', 'C:\\me')).toContain('C:\\Local');
    expect(dataFolder({}, 'win32', 'C:\\me')).toContain('AppData');
  });
});
