/** Whether a web page can be what was asked for, or only stands in its place: a login, an error, a notice. */
import { knownExtensions } from './media-extension.ts';

/** Of files that no server sends as a page; besides those that have a media type of their own. */
const more =
  'bin img appimage pkg cab tgz tbz2 txz lz4 lzma cpio mp2 opus aac wma avi wmv flv m4v mpg mpeg ts vob heic psd mobi azw3 cbz cbr woff2 ttf otf parquet sqlite qcow2 vmdk ova';
const fileExtensions = new Set([...knownExtensions, ...more.split(' ')].filter((one) => one !== 'html'));
/** Where servers lead those whom they do not know. */
const doors = /^(?:log-?in|sign-?in|logon|auth|authorize|sso|session|users?-?login)(?:\.\w{2,5})?$/i;

/** A name that only a file has: `a.zip`, not `a`, `a.php` or `example.org`. */
export const namesFile = (name: string): boolean => fileExtensions.has(/\.([a-z\d]+)$/i.exec(name)?.[1]?.toLowerCase() ?? '');

/**
 * `name` is the person's own, if there is one; `original` what was asked for, `final` where that led. A page is in place of a
 * file where a file was named, or where the way led to a login.
 */
export function standsInPlace(name: string | undefined, original: URL, final: URL): boolean {
  const last = original.pathname.split('/').at(-1) ?? '';
  if (namesFile(name ?? last)) return true;
  if (name !== undefined) return false;
  return final.pathname !== original.pathname && final.pathname.split('/').some((segment) => doors.test(segment));
}
