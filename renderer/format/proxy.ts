/** Whether a proxy's address can be understood: `direct`, or http, https or socks5 with a host. */
export function isProxyAddress(text: string): boolean {
  if (text === 'direct') return true;
  if (!/^(https?|socks5h?):\/\//i.test(text)) return false;
  return URL.canParse(text);
}

export const isWebAddress = (text: string): boolean => /^https?:\/\//i.test(text) && URL.canParse(text);
