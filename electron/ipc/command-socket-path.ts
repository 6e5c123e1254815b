/** Where a running app or server listens for the command line. */

/** A Unix socket in the data folder; on Windows a named pipe called after it. */
export function commandSocketPath(dataFolder: string, platform: string = process.platform): string {
  if (platform !== 'win32') return `${dataFolder}/command.sock`;
  return `\\\\.\\pipe\\sluice-${dataFolder.replaceAll(/[^\w]+/g, '-').toLowerCase()}`;
}
