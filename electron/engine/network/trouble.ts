/**
 * Why an exchange with a server did not give what was asked, told apart by what can be done about it. Sockets, DNS, TLS
 * and the HTTP parser speak in many codes; they are translated here, once, and nothing after this reads them.
 */
import { DownloadError } from '#engine/errors';
import { barredCode } from './host-addresses.ts';

export type TroubleKind =
  /** A kept-alive connection was closed as we used it, before any byte: nobody's fault. */
  | 'stale'
  /** Refused, reset or no answer while connecting. */
  | 'unreachable'
  /** Our own network is down or changed. */
  | 'network'
  /** The proxy itself cannot be reached: nothing is said of the server. */
  | 'proxy'
  /** The proxy will not lead there, or it is no address that may be reached. */
  | 'barred'
  /** The name cannot be resolved. */
  | 'dns'
  /** The certificate is not to be trusted: final. */
  | 'certificate'
  /** Cut in the middle: reset, end of stream, TLS alert. */
  | 'cut'
  /** No byte for too long. */
  | 'silent'
  /** Not HTTP, or HTTP that contradicts itself. */
  | 'garbled'
  /** The body's coding does not fit what came. */
  | 'undecodable'
  /** We ended it ourselves. */
  | 'aborted';

export class TransportError extends DownloadError {
  readonly kind: TroubleKind;

  constructor(kind: TroubleKind, code: DownloadError['code'], message: string, cause?: unknown) {
    super(code, message, cause);
    this.name = 'TransportError';
    this.kind = kind;
  }
}

const networkCodes = new Set(['ENETUNREACH', 'ENETDOWN', 'EHOSTUNREACH', 'EHOSTDOWN', 'EADDRNOTAVAIL', 'ENETRESET']);
const dnsCodes = new Set(['ENOTFOUND', 'EAI_AGAIN', 'EAI_FAIL', 'EAI_NODATA', 'EAI_NONAME', 'ENODATA', 'ESERVFAIL']);
const transientTlsCodes = new Set(['ECONNRESET', 'EPIPE', 'ERR_SSL_WRONG_VERSION_NUMBER', 'ERR_TLS_HANDSHAKE_TIMEOUT']);

const codeOf = (error: unknown): string => {
  if (error instanceof AggregateError && error.errors.length > 0) return codeOf(error.errors.at(-1));
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
};

const isCertificateCode = (code: string): boolean =>
  /^(CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_|INVALID_CA|PATH_LENGTH|ERR_TLS_CERT|ERR_OSSL_X509|CA_|CRL_|ERROR_IN_CERT)/.test(
    code,
  );

/** What went wrong before there was a connection. */
export function connectTrouble(error: unknown, host: string): TransportError {
  if (error instanceof TransportError) return error;
  const code = codeOf(error);
  if (networkCodes.has(code))
    return new TransportError('network', 'E_NETWORK', `the network to ${host} is down (${code})`, error);
  if (dnsCodes.has(code)) return new TransportError('dns', 'E_DNS', `the name ${host} cannot be resolved (${code})`, error);
  if (code === barredCode) {
    return new TransportError('barred', 'E_CONNECT', `${host} is at a private address, which the settings do not allow`, error);
  }
  if (isCertificateCode(code)) {
    return new TransportError('certificate', 'E_TLS', `the certificate of ${host} is not trusted (${code})`, error);
  }
  if (code.startsWith('ERR_SSL_') && !transientTlsCodes.has(code)) {
    return new TransportError('unreachable', 'E_TLS', `no secure connection to ${host} (${code})`, error);
  }
  if (code === 'EMFILE' || code === 'ENFILE') {
    return new TransportError(
      'unreachable',
      'E_CONNECT',
      'this computer has no free connections left (too many open files)',
      error,
    );
  }
  const reason = code === 'ECONNREFUSED' ? 'refused the connection' : `could not be reached (${code || 'no reason given'})`;
  return new TransportError('unreachable', 'E_CONNECT', `${host} ${reason}`, error);
}

/** What went wrong with a request on a connection. `wasUsed`: it had served before; `gotBytes`: this answer had begun. */
export function exchangeTrouble(error: unknown, host: string, wasUsed: boolean, gotBytes: boolean): TransportError {
  if (error instanceof TransportError) return error;
  const code = codeOf(error);
  if (wasUsed && !gotBytes && ['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET'].includes(code)) {
    return new TransportError('stale', 'E_NETWORK', `${host} had closed the connection`, error);
  }
  if (networkCodes.has(code))
    return new TransportError('network', 'E_NETWORK', `the network to ${host} went down (${code})`, error);
  if (code === 'UND_ERR_HEADERS_OVERFLOW') {
    return new TransportError('garbled', 'E_PROTOCOL', `${host} sent more than 64 KiB of headers`, error);
  }
  // undici's name for headers that contradict themselves about the length: nothing of such an answer was passed on.
  if (code === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH' && !gotBytes) {
    return new TransportError('garbled', 'E_PROTOCOL', `the answer of ${host} contradicts itself about its length`, error);
  }
  if (code.startsWith('HPE_'))
    return new TransportError('garbled', 'E_PROTOCOL', `${host} did not answer in HTTP (${code})`, error);
  if (
    ['ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'UND_ERR_SOCKET', 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH', 'UND_ERR_CLOSED'].includes(code)
  ) {
    return new TransportError('cut', 'E_NETWORK', `${host} cut the connection`, error);
  }
  if (code.startsWith('ERR_SSL_'))
    return new TransportError('cut', 'E_NETWORK', `the secure connection to ${host} broke (${code})`, error);
  return new TransportError(
    'garbled',
    'E_PROTOCOL',
    `the answer of ${host} could not be read (${code || 'unknown error'})`,
    error,
  );
}
