/** Certificates made at test time with the `openssl` command, good and bad ones; kept for the process. */
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { TlsIdentity } from './connection.ts';
import { tempDirectory } from './temp.ts';

/** `good` is for localhost and the loopback addresses; the others are what a client must refuse. */
export type CertificateKind = 'good' | 'expired' | 'wrong-host' | 'self-signed';

export interface Certificates extends Readonly<Record<CertificateKind, TlsIdentity>> {
  /** The authority that signed all but the self-signed one. */
  readonly ca: string;
}

const names = 'subjectAltName=DNS:localhost,IP:127.0.0.1,IP:127.0.0.2,IP:::1';
const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

/** `openssl ca` is the one command of OpenSSL 3.0 that dates a certificate in the past; it wants its files told. */
const authorityConfig = `
[ca]
default_ca = test
[test]
new_certs_dir = .
database = index.txt
rand_serial = yes
default_md = sha256
policy = any
copy_extensions = copy
[any]
commonName = supplied
`;

const run = promisify(execFile);

async function makeAll(): Promise<Certificates> {
  await using directory = await tempDirectory();
  const openssl = (...args: string[]) => run('openssl', args, { cwd: directory.path });
  const read = (name: string) => readFile(directory.file(name), 'utf8');
  await writeFile(directory.file('ca.conf'), authorityConfig);
  await writeFile(directory.file('index.txt'), '');
  await writeFile(directory.file('index.txt.attr'), 'unique_subject = no\n');
  const ownSigned = (name: string, subject: string, ...extensions: string[]) => {
    const added = extensions.flatMap((extension) => ['-addext', extension]);
    return openssl(
      'req',
      '-x509',
      ...newKey,
      '-keyout',
      `${name}.key`,
      '-out',
      `${name}.pem`,
      '-days',
      '3650',
      '-subj',
      subject,
      ...added,
    );
  };
  const signed = async (name: string, extension: string, start: string, end: string): Promise<TlsIdentity> => {
    await openssl(
      'req',
      '-new',
      ...newKey,
      '-keyout',
      `${name}.key`,
      '-out',
      `${name}.csr`,
      '-subj',
      `/CN=${name}`,
      '-addext',
      extension,
    );
    const authority = ['-config', 'ca.conf', '-cert', 'ca.pem', '-keyfile', 'ca.key'];
    const dates = ['-startdate', start, '-enddate', end];
    await openssl('ca', '-batch', '-notext', ...authority, ...dates, '-in', `${name}.csr`, '-out', `${name}.pem`);
    return { key: await read(`${name}.key`), cert: await read(`${name}.pem`) };
  };
  await ownSigned('ca', '/CN=Test authority', 'keyUsage=critical,keyCertSign,cRLSign');
  await ownSigned('self', '/CN=localhost', names);
  return {
    ca: await read('ca.pem'),
    good: await signed('good', names, '20200101000000Z', '20491231000000Z'),
    expired: await signed('expired', names, '20200101000000Z', '20210101000000Z'),
    'wrong-host': await signed('wrong', 'subjectAltName=DNS:elsewhere.test', '20200101000000Z', '20491231000000Z'),
    'self-signed': { key: await read('self.key'), cert: await read('self.pem') },
  };
}

let made: Promise<Certificates> | undefined;

/** `startOrigin({ tls: (await certificates()).good })`, and the client trusts `ca`. */
export function certificates(): Promise<Certificates> {
  made ??= makeAll();
  return made;
}
