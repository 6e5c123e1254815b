/** A request profile while it is typed. */
import type { Profile } from '#shared/settings';
import { parseBytes } from '#shared/units';
import { parseHeaders } from '../../format/fields.ts';
import { limitText } from '../../format/size.ts';

export interface ProfileDraft {
  readonly key: number;
  readonly name: string;
  readonly hosts: string;
  readonly headers: string;
  readonly userAgent: string;
  readonly cookie: string;
  readonly username: string;
  readonly password: string;
  readonly proxy: string;
  readonly connections: string;
  readonly limit: string;
  readonly trustedHosts: string;
  readonly insecure: boolean;
}

const words = (text: string): string[] => text.split(/[\s,]+/).filter(Boolean);

let lastKey = 0;

export function toProfileDraft(profile: Profile): ProfileDraft {
  lastKey += 1;
  return {
    key: lastKey,
    name: profile.name,
    hosts: profile.hosts.join(' '),
    headers: (profile.headers ?? []).map(([name, value]) => `${name}: ${value}`).join('\n'),
    userAgent: profile.userAgent ?? '',
    cookie: profile.cookie ?? '',
    username: profile.login?.username ?? '',
    password: profile.login?.password ?? '',
    proxy: profile.proxy ?? '',
    connections: profile.connections === undefined ? '' : String(profile.connections),
    limit: limitText(profile.limitBytesPerSecond ?? 0),
    trustedHosts: (profile.trustedHosts ?? []).join(' '),
    insecure: profile.insecure ?? false,
  };
}

/** Undefined while something is missing or cannot be understood. */
export function toProfile(draft: ProfileDraft): Profile | undefined {
  const [hosts, trustedHosts] = [words(draft.hosts), words(draft.trustedHosts)];
  const { headers, rest } = parseHeaders(draft.headers);
  const connections = draft.connections.trim() === '' ? undefined : Number(draft.connections);
  const limit = draft.limit.trim() === '' ? 0 : parseBytes(draft.limit);
  const isCount = connections === undefined || (Number.isInteger(connections) && connections >= 1 && connections <= 64);
  if (draft.name.trim() === '' || hosts.length === 0 || rest.length > 0 || !isCount || limit === undefined) return undefined;
  return {
    ...{ name: draft.name.trim(), hosts },
    ...(headers.length === 0 ? {} : { headers: headers.map(({ name, value }): [string, string] => [name, value]) }),
    ...(draft.userAgent === '' ? {} : { userAgent: draft.userAgent }),
    ...(draft.cookie === '' ? {} : { cookie: draft.cookie }),
    ...(draft.username === '' ? {} : { login: { username: draft.username, password: draft.password } }),
    ...(draft.proxy === '' ? {} : { proxy: draft.proxy }),
    ...(connections === undefined ? {} : { connections }),
    ...(limit === 0 ? {} : { limitBytesPerSecond: limit }),
    ...(draft.insecure ? { insecure: true } : {}),
    ...(trustedHosts.length === 0 ? {} : { trustedHosts }),
  };
}
