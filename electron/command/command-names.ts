/** The first words that mean the command and not the window: the desktop app's program is both. */
const commandNames: ReadonlySet<string> = new Set([
  ...['get', 'serve', 'add', 'list', 'pause', 'resume', 'remove', 'limit', 'link', 'status', 'watch'],
  ...['help', '-h', '--help', '-V', '--version'],
]);

/** `words`: what follows the program's name. */
export const isCommand = ([first = '']: readonly string[]): boolean => commandNames.has(first);
