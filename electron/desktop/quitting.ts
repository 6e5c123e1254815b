/** The end of the app, asked for by a person, the system's shutdown or a signal, and often by more than one: it saves first. */
import { app } from 'electron';

/** By then everything is on disk; what still hangs is left. */
const mostCloseMs = 8000;

/** `close` may be called again while it closes. */
export function saveBeforeQuit(close: () => Promise<void>, onMistake: (error: unknown) => void): void {
  app.on('will-quit', (event) => {
    event.preventDefault();
    const end = () => app.exit(0);
    setTimeout(end, mostCloseMs);
    close().catch(onMistake).finally(end);
  });
}

export function quitAtSignals(): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    // atomically, which electron-store writes with, listens too and sends each signal once more. Alone, or as the last that came to
    // listen, it would end the process before anything is saved.
    process.removeAllListeners(signal);
    process.on(signal, () => app.quit());
  }
}
