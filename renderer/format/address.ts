/** What can be told of an address before anything was asked of it. */

/** The last part of the path, decoded; the host where there is none; the text itself where it is no address. */
export function nameFromAddress(address: string): string {
  try {
    const { pathname, hostname } = new URL(address);
    const last = pathname.split('/').filter(Boolean).at(-1);
    return last === undefined ? hostname : safeDecode(last);
  } catch {
    return address;
  }
}

function safeDecode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export function hostOf(address: string): string {
  try {
    return new URL(address).host;
  } catch {
    return '';
  }
}
