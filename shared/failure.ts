/**
 * Every way a download can end badly. The code is stable (scripts and the page's texts are keyed by it);
 * the value says what a person can do about it, which is also what the message ends with.
 *
 * `E_HTTP_<status>` is the one open family: a status the server answered and we cannot use.
 */
export const failureCures = {
  E_AUTH: 'give a login with --user NAME:PASSWORD or a cookie with --cookie',
  E_PROXY_AUTH: 'give the proxy a login in --proxy',
  E_CONNECT: 'check the address and whether the server is up, then run the same command again',
  E_DNS: 'check the host name and your network, then run the same command again',
  E_NETWORK: 'check your network, then run the same command again: it goes on where it stopped',
  E_TIMEOUT: 'run the same command again: it goes on where it stopped',
  E_TLS: 'check the address and the clock; --ca-cert FILE trusts an own authority',
  E_PROTOCOL: 'try again with -x 1, or ask whoever runs the server',
  E_NO_PROGRESS: 'run the same command again later: it goes on where it stopped',
  E_HOST_BUSY: 'run the same command again later: it goes on where it stopped',
  E_NOT_FILE: 'log in with --user or --cookie, or get a fresh link; -o NAME.html keeps the page itself',
  E_LINK_EXPIRED: 'get a new link and run the command with it and the same -o name: it goes on where it stopped',
  E_NO_RANGE_RESUME: 'use --on-change restart to fetch it from the start',
  E_REMOTE_CHANGED: 'use --on-change restart to fetch the new file from the start',
  E_TOO_MANY_REDIRECTS: 'open the address in a browser and copy the final link, or send the cookie it asks for',
  E_REDIRECT_UNSAFE: 'if you trust it, download the address it points to directly',
  E_HASH: 'fetch it again, or check the expected checksum',
  E_FS_FULL: 'free some space and run the same command again: it goes on where it stopped',
  E_FS_PERM: 'choose a folder you may write to with -d',
  E_FS_LIMIT: 'this file system cannot hold a file of this size: choose another folder with -d',
  E_FS_GONE: 'bring the folder or the volume back and run the same command again',
  E_FS_BUSY: 'close the program that holds the file and run the same command again',
  E_FS_IO: 'check the disk, then run the same command again',
  E_STATE: 'the part was set aside; run the same command again to start from the beginning',
  E_INPUT: 'correct it and run again',
  E_INTERNAL: 'this is a mistake in Sluice: please report it with the message above',
} as const;

export type FailureCode = keyof typeof failureCures | `E_HTTP_${number}`;

/** A failure as plain data: what crosses a wire, is stored and is shown. Holds no secret and no stack. */
export interface Failure {
  readonly code: FailureCode;
  /** What happened, with the value that was wrong. One sentence, no final full stop. */
  readonly message: string;
}

/** What a person can do about a failure, as one clause; empty where only the server can. */
export function cureOf(code: FailureCode): string {
  if (code in failureCures) return failureCures[code as keyof typeof failureCures];
  return 'check the link in a browser; the server refused it';
}
