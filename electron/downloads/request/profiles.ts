/** Which profile a download gets, and why. */
import type { Profile } from '#shared/settings';
import { hostMatch } from './host-patterns.ts';

export interface ProfileMatch {
  readonly profile: Profile;
  /** The pattern that fits the host; undefined where the person named the profile. */
  readonly rule: string | undefined;
}

/** The first profile of the list with a fitting pattern; of its patterns, the most exact. */
export function profileFor(profiles: readonly Profile[], host: string): ProfileMatch | undefined {
  for (const profile of profiles) {
    const fits = profile.hosts
      .map((rule) => ({ rule, exactness: hostMatch(host, rule) }))
      .filter(({ exactness }) => exactness > 0);
    const best = fits.sort((a, b) => b.exactness - a.exactness)[0];
    if (best) return { profile, rule: best.rule };
  }
  return undefined;
}

/** The profile a person named, else the one that fits. */
export function profileOf(profiles: readonly Profile[], host: string, name: string | undefined): ProfileMatch | undefined {
  const named = name === undefined ? undefined : profiles.find((profile) => profile.name === name);
  return named ? { profile: named, rule: undefined } : profileFor(profiles, host);
}
