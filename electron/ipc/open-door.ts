/** Opens the application to its faces. */
import { type Application, DownloadError } from '#downloads';
import { createAnswer } from './answer.ts';
import type { Door } from './door.ts';
import { Feed } from './feed.ts';
import { createHandlers, type Host } from './handlers.ts';

/** `onMistake`: what went wrong inside Sluice while it answered a call, for the log. */
export function openDoor(application: Application, host: Host, onMistake: (error: unknown) => void = () => {}): Door {
  const feed = new Feed(application);
  const answer = createAnswer(createHandlers(application, feed, host), {
    toFailure: (error) => (error instanceof DownloadError ? error.failure : undefined),
    onMistake: (_name, error) => onMistake(error),
  });
  return {
    answer,
    connect(onPush) {
      const id = crypto.randomUUID();
      feed.connect(id, onPush);
      return { id, [Symbol.dispose]: () => feed.disconnect(id) };
    },
  };
}
