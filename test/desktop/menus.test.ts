/** The application's menu on the three systems. */
import type { MenuItemConstructorOptions } from 'electron';
import { expect, test } from 'vitest';
import { menuTemplate } from '#desktop/menus';
import { textsIn } from '#desktop/texts';

const nothing = () => {};
const actions = {
  ...{ add: nothing, addCopied: nothing, quickAdd: nothing, pauseAll: nothing, resumeAll: nothing },
  ...{ openFolder: nothing, settings: nothing, shortcuts: nothing, quit: nothing },
};
const menuOn = (platform: NodeJS.Platform, withTools = false) => menuTemplate(textsIn('en', ''), actions, platform, withTools);
const itemsOf = (menu: MenuItemConstructorOptions[]): MenuItemConstructorOptions[] =>
  menu.flatMap((item) => [item, ...(Array.isArray(item.submenu) ? itemsOf(item.submenu) : [])]);

const systems = ['darwin', 'win32', 'linux'] as const;

test.each(systems)('%s: every action is there once, no shortcut twice', (platform) => {
  const items = itemsOf(menuOn(platform));
  const ids = items.flatMap(({ id }) => id ?? []);
  const all = ['add', 'add-copied', 'quick-add', 'pause-all', 'resume-all', 'open-folder', 'settings', 'shortcuts', 'quit'];
  expect(ids.toSorted()).toEqual(all.toSorted());
  const keys = items.flatMap(({ accelerator }) => accelerator ?? []);
  expect(new Set(keys).size).toBe(keys.length);
});

test('macOS: settings and quit in the menu of the app, clipboard keys and windows in their own', () => {
  const [own, ...rest] = menuOn('darwin');
  expect(itemsOf([own ?? {}]).map(({ id }) => id)).toEqual(expect.arrayContaining(['settings', 'quit']));
  expect(rest.map(({ role }) => role)).toEqual(expect.arrayContaining(['editMenu', 'windowMenu', 'help']));
  expect(itemsOf(rest).map(({ id }) => id)).not.toContain('quit');
});

test('Windows leaves the key for quitting to the system', () => {
  expect(itemsOf(menuOn('win32')).find(({ id }) => id === 'quit')).not.toHaveProperty('accelerator');
  expect(itemsOf(menuOn('linux')).find(({ id }) => id === 'quit')).toMatchObject({ accelerator: 'CmdOrCtrl+Q' });
});

test("what looks into the page's inside is there in development alone", () => {
  const roles = (withTools: boolean) => systems.flatMap((each) => itemsOf(menuOn(each, withTools)).map(({ role }) => role));
  expect(roles(false).filter((role) => role === 'toggleDevTools' || role === 'reload')).toEqual([]);
  expect(roles(true).filter((role) => role === 'toggleDevTools')).toHaveLength(3);
});
