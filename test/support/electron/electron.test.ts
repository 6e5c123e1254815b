/** The stand-in must not invent: whatever it offers, Electron's own types declare. */
import { EventEmitter } from 'node:events';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { beforeAll, expect, test } from 'vitest';
import { StandInContents } from './contents.ts';
import * as desk from './desk.ts';
import * as electron from './electron.ts';
import { defaultSession } from './system.ts';

/** Interfaces and classes of electron.d.ts with the names of their members, inherited ones too. */
let declared: Map<string, Set<string>>;

beforeAll(async () => {
  const path = fileURLToPath(import.meta.resolve('electron/electron.d.ts'));
  const source = ts.createSourceFile(path, await readFile(path, 'utf8'), ts.ScriptTarget.Latest);
  declared = new Map();
  const visit = (node: ts.Node): void => {
    if ((ts.isInterfaceDeclaration(node) || ts.isClassDeclaration(node)) && node.name !== undefined) {
      const members = declared.get(node.name.text) ?? new Set<string>();
      for (const member of node.members) if (member.name !== undefined) members.add(member.name.getText(source));
      for (const clause of node.heritageClauses ?? []) {
        for (const { expression } of clause.types)
          for (const each of declared.get(expression.getText(source)) ?? []) members.add(each);
      }
      declared.set(node.name.text, members);
    }
    ts.forEachChild(node, visit);
  };
  // Twice: a class may stand before the one it extends.
  visit(source);
  visit(source);
});

/** Public members, without those every emitter has. */
function offered(value: object): string[] {
  const names = new Set<string>();
  for (let each = value; each !== Object.prototype && each !== EventEmitter.prototype; each = Object.getPrototypeOf(each)) {
    for (const name of Object.getOwnPropertyNames(each)) names.add(name);
  }
  const inner = ['constructor', '_events', '_eventsCount', '_maxListeners'];
  return [...names].filter((name) => !inner.includes(name));
}

const inventedBy = (name: string, value: object): string[] =>
  offered(value)
    .filter((member) => declared.get(name)?.has(member) !== true)
    .map((member) => `${name}.${member}`);

const kinds: [string, object][] = [
  ['App', electron.app],
  ['BrowserWindow', electron.BrowserWindow.prototype],
  ['WebContents', StandInContents.prototype],
  ['Clipboard', electron.clipboard],
  ['Dialog', electron.dialog],
  ['IpcMain', electron.ipcMain],
  ['Menu', electron.Menu.prototype],
  ['NativeTheme', electron.nativeTheme],
  ['Net', electron.net],
  ['Notification', desk.StandInNotification.prototype],
  ['PowerMonitor', electron.powerMonitor],
  ['PowerSaveBlocker', electron.powerSaveBlocker],
  ['Protocol', electron.protocol],
  ['SafeStorage', electron.safeStorage],
  ['Screen', electron.screen],
  ['Session', Object.getPrototypeOf(defaultSession)],
  ['Shell', electron.shell],
  ['Tray', desk.StandInTray.prototype],
];

test('everything it offers is declared by Electron', () => {
  expect(declared.size).toBeGreaterThan(200);
  expect(kinds.flatMap(([name, value]) => inventedBy(name, value))).toEqual([]);
});

test('what it invented would be found', () => {
  expect(inventedBy('Shell', { openPath: () => {}, openEverything: () => {} })).toEqual(['Shell.openEverything']);
});

test('what it does not have is said aloud, not undefined', () => {
  expect(() => Reflect.get(electron.app, 'getFileIcon')).toThrow(/no app\.getFileIcon/);
});
