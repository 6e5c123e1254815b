/**
 * Starts the process over with a small young generation. V8 lets short-lived objects pile up to 16 MB before it looks;
 * each chunk read from a socket is such an object with 64 KiB behind it. With 1 MB they are freed while still in the
 * processor's cache: measured on 1 GiB, half of the CPU time and two thirds of the memory. The size is read when the
 * process starts and cannot be changed later, so the process replaces itself: same id, terminal and signals.
 */
const flag = '--max-semi-space-size=1';

/** Returns at once where that was done already or cannot be done (Windows, Node before 22.15). */
export function becomeLean(): void {
  const { execve } = process;
  if (
    execve === undefined ||
    process.platform === 'win32' ||
    process.execArgv.some((arg) => arg.startsWith('--max-semi-space-size'))
  )
    return;
  const silenced = '--disable-warning=ExperimentalWarning';
  const script = process.argv[1];
  if (script === undefined) return;
  execve.call(
    process,
    process.execPath,
    [process.execPath, silenced, flag, ...process.execArgv, script, ...process.argv.slice(2)],
    {
      ...process.env,
      // Name look-ups and the disk share libuv's threads, 4 by default: a slow disk would hold up every new connection.
      UV_THREADPOOL_SIZE: process.env.UV_THREADPOOL_SIZE ?? '16',
    },
  );
}
