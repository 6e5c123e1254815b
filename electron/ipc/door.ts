/** What a transport sees of the application: calls in, pushes out. Window, socket, command and aria2's protocol all come through it. */
import type { Push } from '#shared/contract';
import type { Answer, Caller } from './answer.ts';

/** A face that is connected. Disposing it closes the details it opened and ends its deltas. */
export interface Watcher extends Caller, Disposable {}

export interface Door {
  readonly answer: Answer;
  /** Notices and settings are pushed at once, deltas from `feed.watch` on. `onPush` must not throw. */
  connect(onPush: (push: Push) => void): Watcher;
}
