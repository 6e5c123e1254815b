/** What people paste into the table of headers. */

export interface Pair {
  readonly name: string;
  readonly value: string;
}

const headerName = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

export const isHeaderName = (name: string): boolean => headerName.test(name);

/** `Name: value` a line, as a browser's tools copy them; what is no header comes back in `rest`. */
export function parseHeaders(text: string): { readonly headers: Pair[]; readonly rest: string[] } {
  const headers: Pair[] = [];
  const rest: string[] = [];
  for (const line of text.split(/\r?\n/)) {
    if (line.trim() === '') continue;
    // HTTP/2 pseudo headers begin with a colon: they are no headers of a request.
    const colon = line.indexOf(':', 1);
    const name = line.slice(0, colon).trim();
    if (colon > 0 && isHeaderName(name)) headers.push({ name, value: line.slice(colon + 1).trim() });
    else rest.push(line.trim());
  }
  return { headers, rest };
}
