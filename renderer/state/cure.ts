/** What a person can do about a download that waits or failed: the things that help most, the likeliest first. */
import type { DownloadRow } from '#shared/rows';

export type Cure = 'retry' | 'newLink' | 'fewer' | 'logIn' | 'space' | 'folder' | 'fresh' | 'proxy' | 'request' | 'undo';

const cures: Readonly<Record<string, Cure>> = {
  E_AUTH: 'logIn',
  E_HTTP_401: 'logIn',
  E_PROXY_AUTH: 'proxy',
  E_HTTP_407: 'proxy',
  E_LINK_EXPIRED: 'newLink',
  E_NOT_FILE: 'newLink',
  E_HTTP_403: 'request',
  E_HTTP_404: 'newLink',
  E_HTTP_410: 'newLink',
  E_HOST_BUSY: 'fewer',
  E_PROTOCOL: 'fewer',
  E_HTTP_429: 'fewer',
  E_HTTP_503: 'fewer',
  E_FS_FULL: 'space',
  E_FS_PERM: 'folder',
  E_FS_LIMIT: 'folder',
  E_FS_GONE: 'folder',
  E_NO_RANGE_RESUME: 'fresh',
  E_REMOTE_CHANGED: 'fresh',
  E_HASH: 'fresh',
  E_STATE: 'fresh',
  E_INPUT: 'request',
  E_TOO_MANY_REDIRECTS: 'request',
  E_REDIRECT_UNSAFE: 'newLink',
};

/** Two at most: there is no room for more in a row. */
export function curesFor(row: DownloadRow): readonly Cure[] {
  if (row.state === 'running' && row.editRefused) return ['undo', 'request'];
  const first = cureFor(row);
  if (first === undefined) return [];
  // The last thing that was done is the likeliest cause.
  if (row.canUndoEdit) return first === 'retry' ? ['undo'] : ['undo', first];
  // A link may be dead, or only the request that comes with it be wrong: the answer is the same page.
  return first === 'newLink' && row.failure?.code !== 'E_REDIRECT_UNSAFE' ? [first, 'request'] : [first];
}

export function cureFor({ state, waitingFor, failure, connections }: DownloadRow): Cure | undefined {
  if (state === 'waiting') {
    if (waitingFor === 'url') return 'newLink';
    if (waitingFor === 'disk') return 'space';
    if (waitingFor === 'network' || waitingFor === 'schedule' || waitingFor === 'held') return undefined;
  } else if (state !== 'failed') return undefined;
  const cure = cures[failure?.code ?? ''] ?? 'retry';
  // With one connection there are no fewer.
  return cure === 'fewer' && connections <= 1 ? 'retry' : cure;
}

export const fewerConnections = (connections: number): number => Math.max(1, Math.floor(connections / 2));
