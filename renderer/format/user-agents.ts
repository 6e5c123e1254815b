/** How common programs call themselves: for the few servers that serve only those. */
export const userAgents = {
  chrome: 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36',
  firefox: 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0',
  safari: 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15',
  curl: 'curl/8.14.1',
} as const;

export type UserAgentPreset = keyof typeof userAgents;

/** Which preset a user agent is: `none` for none, `own` for any other. */
export function presetOf(userAgent: string): UserAgentPreset | 'none' | 'own' {
  if (userAgent === '') return 'none';
  const known = Object.entries(userAgents).find(([, value]) => value === userAgent);
  return known === undefined ? 'own' : (known[0] as UserAgentPreset);
}
