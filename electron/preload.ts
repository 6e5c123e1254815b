/** All that the page has of the desktop: to call, and to be told. Runs in the sandbox, apart from the page's own scripts. */
import { contextBridge, type IpcRendererEvent, ipcRenderer } from 'electron';

contextBridge.exposeInMainWorld('sluice', {
  call: (name: unknown, input: unknown): Promise<unknown> => ipcRenderer.invoke('call', name, input),
  onPush(listener: (push: unknown) => void): () => void {
    // The event itself stays here: it would hand the page its sender.
    const receive = (_event: IpcRendererEvent, push: unknown): void => listener(push);
    ipcRenderer.on('push', receive);
    return () => ipcRenderer.off('push', receive);
  },
});
