/** Links, text and files dropped or pasted anywhere on the page open the add dialog. */
import { useEffect, useState } from 'react';
import { useTexts } from '../../i18n/use-texts.ts';
import type { App } from '../../state/app.ts';
import { useApp } from '../../state/use-app.ts';
import { largestFileBytes, readFiles } from '../../ui/files.ts';
import { rowsType } from '../list/use-row-drag.ts';
import classes from './shell.module.css';

const isOurRows = (event: DragEvent): boolean => event.dataTransfer?.types.includes(rowsType) ?? true;

export const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));

async function take(app: App, data: DataTransfer, tooLarge: (name: string) => string): Promise<void> {
  const files = [...data.files];
  const text = data.getData('text/uri-list') || data.getData('text/plain');
  for (const { name } of files.filter(({ size }) => size > largestFileBytes)) {
    app.notices.show({ level: 'warning', code: 'BAD_INPUT', message: tooLarge(name) });
  }
  const read = await readFiles(files);
  if (read.length > 0) app.dialogs.setState({ dialog: { type: 'add', files: read } });
  else if (text.trim() !== '') app.dialogs.setState({ dialog: { type: 'add', text } });
}

export function DropZone() {
  const app = useApp();
  const { t } = useTexts();
  const [isOver, setOver] = useState(false);
  useEffect(() => {
    const ending = new AbortController();
    const { signal } = ending;
    const tooLarge = (name: string) => t('add.tooLarge', { name });
    const onDragOver = (event: DragEvent) => {
      if (isOurRows(event)) return;
      event.preventDefault();
      setOver(true);
    };
    const onDragLeave = (event: DragEvent) => {
      if (event.relatedTarget === null) setOver(false);
    };
    const onDrop = (event: DragEvent) => {
      setOver(false);
      if (isOurRows(event) || event.dataTransfer === null) return;
      event.preventDefault();
      void take(app, event.dataTransfer, tooLarge);
    };
    const onPaste = (event: ClipboardEvent) => {
      if (isTyping(event.target) || event.clipboardData === null || app.dialogs.getState().dialog !== undefined) return;
      event.preventDefault();
      void take(app, event.clipboardData, tooLarge);
    };
    window.addEventListener('dragover', onDragOver, { signal });
    window.addEventListener('dragleave', onDragLeave, { signal });
    window.addEventListener('drop', onDrop, { signal });
    window.addEventListener('paste', onPaste, { signal });
    return () => ending.abort();
  }, [app, t]);
  return isOver ? <div className={classes.dropSheet}>{t('add.dropHere')}</div> : null;
}
