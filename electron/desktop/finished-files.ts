/** Opens finished files. One that can start something is opened only after the person was asked. */
import { access, constants, stat } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import { dialog, shell } from 'electron';
import { CallError } from '#shared/call-failures';
import type { Texts } from './texts.ts';

/** Programs, scripts, installers, shortcuts and documents that run code, of all systems: a file may be carried to another. */
const risky = new Set(
  (
    'action apk app appimage appref-ms bat bin cgi chm cmd com command cpl crx csh deb desktop diagcab dll dmg docm exe gadget hta ' +
    'inf ins iqy iso jar jnlp js jse ksh library-ms lnk msc msh msi msix msixbundle msp mst osx out pif pkg pl pptm prf ps1 ps1xml ' +
    'psc1 py pyw rb reg rpm run scf scpt scr sct search-ms settingcontent-ms sh shb shs slk sys terminal tool udl url vb vbe vbs ' +
    'vhd vhdx webloc workflow ws wsc wsf wsh xbap xlsm xpi zsh'
  ).split(' '),
);

/** By the last extension: `photo.jpg.exe` is a program, whatever it looks like. */
async function isRisky(path: string): Promise<boolean> {
  if (risky.has(extname(path).slice(1).toLowerCase())) return true;
  if (process.platform === 'win32') return false;
  return await access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

async function isThere(path: string): Promise<boolean> {
  const stats = await stat(path).catch(() => undefined);
  return stats?.isFile() === true;
}

/** @throws CallError NOT_FOUND where it is not there any more; the system's words where it cannot be opened. */
export async function openFile(path: string, texts: Texts): Promise<void> {
  if (!(await isThere(path))) throw new CallError('NOT_FOUND', `${path} is not there any more`);
  if (await isRisky(path)) {
    const { response } = await dialog.showMessageBox({
      ...{ type: 'warning', title: texts.programTitle, message: texts.program(basename(path)) },
      ...{ buttons: [texts.cancel, texts.openFile], defaultId: 0, cancelId: 0, noLink: true },
    });
    if (response !== 1) return;
  }
  const problem = await shell.openPath(path);
  if (problem !== '') throw new CallError('NOT_NOW', problem);
}

/** @throws CallError NOT_FOUND. */
export async function showFile(path: string): Promise<void> {
  if (!(await isThere(path))) throw new CallError('NOT_FOUND', `${path} is not there any more`);
  shell.showItemInFolder(path);
}

export async function chooseFolder(directory: string, texts: Texts): Promise<string | undefined> {
  const { canceled, filePaths } = await dialog.showOpenDialog({
    ...{ title: texts.chooseFolder, properties: ['openDirectory', 'createDirectory'] },
    ...(directory !== '' && { defaultPath: directory }),
  });
  return canceled ? undefined : filePaths[0];
}
