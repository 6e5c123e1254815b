/**
 * `node --import …/register.ts out/app/main.cjs` runs the built main process, unmodified, on the stand-in: both kinds of import of
 * `electron` lead there. A test speaks to it over the process's channel.
 */
import { registerHooks } from 'node:module';
import { app, desk, electron, startStandIn } from './electron.ts';
import { holdLongTimers } from './long-timers.ts';

const standIn = new URL('./electron.ts', import.meta.url).href;

holdLongTimers();
registerHooks({
  resolve: (specifier, context, next) =>
    specifier === 'electron' ? { url: standIn, format: 'module-typescript', shortCircuit: true } : next(specifier, context),
});

process.on('disconnect', () => app.exit());

interface Question {
  readonly id: number;
  /** Source of a function of (electron, argument, desk). */
  readonly source: string;
  readonly argument: unknown;
}

process.on('message', async ({ id, source, argument }: Question) => {
  try {
    const ask = new Function(`return (${source})`)() as (...given: unknown[]) => unknown;
    process.send?.({ type: 'answer', id, value: await ask(electron, argument, desk) });
  } catch (error) {
    process.send?.({ type: 'answer', id, error: String(error) });
  }
});
// The channel alone keeps no process alive.
process.channel?.unref();

startStandIn();
