import type { RequestDraft } from '#shared/orders';

/** A login in the address moves to where logins are kept. An address that cannot be read stays as it is. */
export function withLoginApart(draft: RequestDraft): RequestDraft {
  const url = URL.parse(draft.url);
  if (url === null || (url.username === '' && url.password === '')) return draft;
  const login = { username: decoded(url.username), password: decoded(url.password) };
  url.username = '';
  url.password = '';
  return { ...draft, url: url.href, login: draft.login ?? login };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
