/** What a person has set: settings and profiles, each a file. */
import { CallError } from '#shared/call-failures';
import { isSecretHeader, mask, maskedProxy, shownSettings } from '#shared/request-secrets';
import { type Profile, Profile as ProfileSchema, Settings, type SettingsChange } from '#shared/settings';
import type { Stores } from './stores.ts';
import type { Vault } from './vault.ts';

export class Configuration {
  readonly #stores: Stores;
  readonly #vault: Vault;
  #settings: Settings;
  #profiles: readonly Profile[];

  constructor(stores: Stores, vault: Vault) {
    this.#stores = stores;
    this.#vault = vault;
    const { version: _version, sealedProxy, ...stored } = stores.read('settings');
    const parsed = Settings.safeParse(stored);
    if (!parsed.success) stores.setAside('settings', parsed.error.issues[0]?.message ?? 'not what it should be');
    const settings = parsed.success ? parsed.data : Settings.parse({});
    const url = this.#unsealed(sealedProxy);
    // A login that could not be kept is not sent as the mask that stands for it.
    const way = typeof url === 'string' ? url : settings.proxy.url.replace(`${mask}@`, '');
    this.#settings = { ...settings, proxy: { ...settings.proxy, url: way } };
    this.#profiles = this.#readProfiles(stores);
  }

  get settings(): Settings {
    return this.#settings;
  }

  get profiles(): readonly Profile[] {
    return this.#profiles;
  }

  /** On disk when it returns. A masked proxy stays what it was. */
  change(change: SettingsChange): Settings {
    const given = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
    const before = this.#settings.proxy.url;
    const settings = { ...this.#settings, ...given };
    if (settings.proxy.url === maskedProxy(before)) settings.proxy = { ...settings.proxy, url: before };
    this.#saveSettings(settings);
    this.#settings = settings;
    return this.#settings;
  }

  /** Profiles as they may be shown: secrets masked. */
  maskedProfiles(): Profile[] {
    return this.#profiles.map(masked);
  }

  /** The whole list. A masked secret stays what it was in the profile of that name. */
  writeProfiles(profiles: readonly Profile[]): void {
    const names = new Set<string>();
    for (const { name } of profiles) {
      if (names.has(name)) throw new CallError('BAD_INPUT', `two profiles are called ${JSON.stringify(name)}`);
      names.add(name);
    }
    const whole = profiles.map((profile, index) => {
      const before = this.#profiles.find(({ name }) => name === profile.name) ?? this.#profiles[index];
      return unmasked(profile, before);
    });
    this.#saveProfiles(whole);
    this.#profiles = whole;
  }

  /** The proxy may hold a login. */
  #saveSettings(settings: Settings): void {
    const { url } = settings.proxy;
    const isSealed = url !== maskedProxy(url) && this.#vault.kind !== 'memory';
    const sealed = isSealed ? { sealedProxy: this.#vault.seal(JSON.stringify(url)) } : {};
    this.#stores.write('settings', { ...shownSettings(settings), ...sealed });
  }

  #saveProfiles(profiles: readonly Profile[]): void {
    const isKept = this.#vault.kind !== 'memory';
    this.#stores.write('profiles', { profiles: profiles.map((one) => (isKept ? this.#sealed(one) : masked(one))) });
  }

  #sealed(profile: Profile): unknown {
    const shown = masked(profile);
    return { ...shown, sealed: this.#vault.seal(JSON.stringify(profile)) };
  }

  #readProfiles(stores: Stores): Profile[] {
    const { profiles: stored } = stores.read('profiles');
    if (!Array.isArray(stored)) return [];
    let hasBad = false;
    const profiles = stored.flatMap((value: unknown) => {
      const { sealed, ...shown } = typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
      const parsed = ProfileSchema.safeParse(this.#unsealed(sealed) ?? shown);
      if (!parsed.success) hasBad = true;
      return parsed.success ? [parsed.data] : [];
    });
    if (hasBad) {
      stores.setAside('profiles', 'a profile is not what it should be', 'the others are kept');
      this.#saveProfiles(profiles);
    }
    return profiles;
  }

  #unsealed(sealed: unknown): unknown {
    if (typeof sealed !== 'string') return undefined;
    try {
      return JSON.parse(this.#vault.unseal(sealed));
    } catch {
      return undefined;
    }
  }
}

function masked(profile: Profile): Profile {
  const { headers, cookie, login, proxy } = profile;
  return {
    ...profile,
    ...(headers && { headers: headers.map(([name, value]) => [name, isSecretHeader(name) ? mask : value]) }),
    ...(cookie !== undefined && { cookie: mask }),
    ...(login && { login: { username: login.username, password: mask } }),
    ...(proxy?.includes('@') && { proxy: mask }),
  };
}

function unmasked(profile: Profile, before: Profile | undefined): Profile {
  const { headers, cookie, login, proxy, ...rest } = profile;
  const valueBefore = (name: string): string | undefined =>
    before?.headers?.find(([other]) => other.toLowerCase() === name.toLowerCase())?.[1];
  const kept = <T>(value: T | undefined, isMasked: boolean, old: T | undefined): T | undefined => (isMasked ? old : value);
  const fields = headers?.flatMap(([name, value]): [string, string][] => {
    const text = kept(value, value === mask, valueBefore(name));
    return text === undefined ? [] : [[name, text]];
  });
  const ownCookie = kept(cookie, cookie === mask, before?.cookie);
  const ownLogin = kept(login, login?.password === mask, login && before?.login && { ...login, password: before.login.password });
  const ownProxy = kept(proxy, proxy === mask, before?.proxy);
  return {
    ...rest,
    ...(fields && { headers: fields }),
    ...(ownCookie !== undefined && { cookie: ownCookie }),
    ...(ownLogin && { login: ownLogin }),
    ...(ownProxy !== undefined && { proxy: ownProxy }),
  };
}
