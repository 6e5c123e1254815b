/** Whether a checksum can be understood: `auto`, or a name and its hex digits. */
const digits: Readonly<Record<string, number>> = { sha256: 64, sha1: 40, sha512: 128, md5: 32 };

export function isChecksum(text: string): boolean {
  if (text === 'auto') return true;
  const match = /^(sha-?256|sha-?1|sha-?512|md5)=([0-9a-fA-F]+)$/.exec(text);
  return match !== null && match[2]?.length === digits[(match[1] ?? '').replace('-', '')];
}
