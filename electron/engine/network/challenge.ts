/** How a server or proxy asks for a login: WWW-Authenticate and Proxy-Authenticate (RFC 9110 section 11.6). */

/** One of the ways it offers. */
export interface Challenge {
  /** In lower case. */
  readonly scheme: string;
  /** Names in lower case; values without quotes. */
  readonly params: ReadonlyMap<string, string>;
}

const token = "[!#$%&'*+.^_`|~\\w-]+";
const param = new RegExp(`(${token})[ \\t]*=[ \\t]*(?:"((?:[^"\\\\]|\\\\.)*)"|([^\\s",]+))`, 'y');
/** A scheme, or the bare token that some put in place of parameters: it is passed over. */
const word = /[^\s,]+/y;

/**
 * The challenges of all fields of the name, in their order. Commas separate parameters and challenges alike, so it is what
 * follows a word that tells which it is. Total: what cannot be read is passed over.
 */
export function parseChallenges(fields: string | readonly string[] | undefined): Challenge[] {
  const found: { scheme: string; params: Map<string, string> }[] = [];
  for (const field of typeof fields === 'string' ? [fields] : (fields ?? [])) {
    let isAfterScheme = false;
    for (let at = 0; at < field.length; ) {
      param.lastIndex = at;
      word.lastIndex = at;
      const pair = param.exec(field);
      const single = pair ? null : word.exec(field);
      if (pair) {
        const [, name = '', quoted, bare = ''] = pair;
        const { params } = found.at(-1) ?? {};
        if (!params?.has(name.toLowerCase())) params?.set(name.toLowerCase(), quoted?.replace(/\\(.)/g, '$1') ?? bare);
        isAfterScheme = false;
        at = param.lastIndex;
      } else if (single) {
        // `Negotiate TlRMTVNT…`: what directly follows a scheme and is no parameter is its token.
        if (!isAfterScheme) found.push({ scheme: single[0].toLowerCase(), params: new Map() });
        isAfterScheme = !isAfterScheme;
        at = word.lastIndex;
      } else {
        if (field[at] === ',') isAfterScheme = false;
        at += 1;
      }
    }
  }
  return found;
}

/** What the login is for, in the asker's words, as ` for "…"`; empty where it does not say. */
export function realmClause(challenges: readonly Challenge[]): string {
  const realm = challenges.map(({ params }) => params.get('realm') ?? '').find((text) => text !== '') ?? '';
  const shown = realm.replace(/[^\x20-\x7e]/g, '').slice(0, 80);
  return shown === '' ? '' : ` for "${shown}"`;
}
