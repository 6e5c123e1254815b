/** The page's one door to the application, whatever carries it: a window's channel or a server's port. */
import type { Push, Send } from '#shared/contract';

/**
 * `opening` until the first answer; `lost` while it is tried again by itself; `refused` when the server wants a token that the
 * page does not have.
 */
export type ConnectionState = 'opening' | 'open' | 'lost' | 'refused';

export interface Transport {
  /** The page is the window of the desktop app, whose errands it does. */
  readonly isDesktop: boolean;
  readonly send: Send;
  /** @returns ends it. */
  onPush(listener: (push: Push) => void): () => void;
  /** Told the present state at once, then each change. */
  onConnection(listener: (state: ConnectionState) => void): () => void;
  /** Tries now instead of at the end of the present wait. */
  retry(): void;
  /** Gives the server the token it asked for. */
  signIn(token: string): Promise<boolean>;
}
