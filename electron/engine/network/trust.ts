/** Whom a TLS connection trusts besides Node's own authorities. */
import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls';

export interface TlsOptions {
  /** PEM certificates trusted besides the built-in ones. */
  readonly ca?: string;
  readonly insecure?: boolean;
}

/** Parsing the authorities takes long, so a context is made once for each set of them. */
interface Trusted {
  readonly number: number;
  context?: SecureContext;
}

const known = new Map<string, Trusted>();

function trustedBy(ca: string): Trusted {
  let trusted = known.get(ca);
  if (trusted === undefined) {
    trusted = { number: known.size + 1 };
    known.set(ca, trusted);
  }
  return trusted;
}

/** Tells apart what was agreed under different rules; short, where the certificates themselves may be 200 KB of text. */
export const trustKey = ({ ca, insecure }: TlsOptions): string =>
  `${insecure ? 'insecure' : 'checked'}${ca === undefined ? '' : trustedBy(ca).number}`;

export function contextTrusting(ca: string): SecureContext {
  const trusted = trustedBy(ca);
  trusted.context ??= createSecureContext({ ca: [...getCACertificates('default'), ca] });
  return trusted.context;
}

let ofTheSystem: string | undefined;

/**
 * The authorities in the system's own store (Windows, macOS; OpenSSL's files elsewhere, where SSL_CERT_FILE and SSL_CERT_DIR
 * name others), as one PEM text: what a company or a virus scanner that looks into TLS has put there. Read once, on first need.
 */
export function systemCertificates(): string {
  ofTheSystem ??= getCACertificates('system').join('\n');
  return ofTheSystem;
}
