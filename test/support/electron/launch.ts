/** Starts the desktop app: on the stand-in, or on the real Electron where `npm run test:electron` has found it. */
import { LaunchedApp, type LaunchOptions } from './launched-app.ts';
import { startReal } from './real.ts';

/** The real Electron's program, where it is to be used. */
export const electronProgram = process.env.ELECTRON_PROGRAM;

/** Resolves once the app is ready; rejects with its exit code and what it wrote where it ended before. */
export const launch = (options: LaunchOptions): Promise<LaunchedApp> =>
  electronProgram === undefined ? LaunchedApp.start(options) : startReal(electronProgram, options);
