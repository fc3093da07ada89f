import {
  createHash,
  createPrivateKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
} from 'node:crypto';
import { isIP } from 'node:net';

/** A key and its certificate as text, as `ssl` accepts them. */
export interface SelfSigned {
  /** The private key, PEM. */
  readonly key: string;
  /** The certificate, PEM. */
  readonly cert: string;
  /** SHA-256 of the certificate, in the usual form: `AB:CD:…`. */
  readonly fingerprint: string;
}

/** Seconds per day. */
const DAY = 86_400;
/** ecdsa-with-SHA256, 1.2.840.10045.4.3.2 */
const SIGNED_WITH = hex('30 0a 06 08 2a 86 48 ce 3d 04 03 02');
/** commonName, 2.5.4.3 */
const COMMON_NAME = hex('06 03 55 04 03');
/** basicConstraints, 2.5.29.19, critical: a CA, because it signs itself */
const IS_AUTHORITY = hex('30 0f 06 03 55 1d 13 01 01 ff 04 05 30 03 01 01 ff');
/** keyUsage, 2.5.29.15, critical: digitalSignature, keyCertSign */
const FOR_SIGNING = hex('30 0e 06 03 55 1d 0f 01 01 ff 04 04 03 02 02 84');
/** subjectKeyIdentifier, 2.5.29.14 */
const KEY_IDENTIFIER = hex('06 03 55 1d 0e');
/** subjectAltName, 2.5.29.17 */
const OTHER_NAMES = hex('06 03 55 1d 11');

/**
 * Creates a self-signed certificate for testing. Peers must be given it as `ca` to trust it.
 *
 * Node creates keys and signatures, but no certificates. So this writes X.509 in DER: nested tags,
 * lengths and contents.
 *
 * @param names - the host names and addresses that it is for
 * @param days - how many days it is valid, from now; if negative, it expired that long ago
 */
export function selfSigned(names: readonly string[], days = 30): SelfSigned {
  const { privateKey, publicKey } = generateKeyPairSync('ec', {
    namedCurve: 'prime256v1',
    publicKeyEncoding: { type: 'spki', format: 'der' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const now = Math.floor(Date.now() / 1000);
  const subject = sequence(
    der(0x31, sequence(COMMON_NAME, der(0x0c, Buffer.from(names[0] ?? '')))),
  );
  const others = sequence(OTHER_NAMES, der(0x04, sequence(...names.map(otherName))));
  const keyDigest = createHash('sha1').update(publicKey).digest();
  const keyIdentifier = sequence(KEY_IDENTIFIER, der(0x04, der(0x04, keyDigest)));
  const content = sequence(
    der(0xa0, der(0x02, Buffer.of(2))), // version 3
    // Positive, without a leading 0.
    der(0x02, Buffer.concat([Buffer.of(1), randomBytes(15)])),
    SIGNED_WITH,
    subject,
    sequence(time(Math.min(now, now + days * DAY) - DAY), time(now + days * DAY)),
    subject,
    publicKey,
    der(0xa3, sequence(IS_AUTHORITY, FOR_SIGNING, keyIdentifier, others)),
  );
  const certificate = sequence(
    content,
    SIGNED_WITH,
    signature(content, createPrivateKey(privateKey)),
  );
  const lines = certificate.toString('base64').match(/.{1,64}/g) ?? [];
  const digest = createHash('sha256').update(certificate).digest('hex').toUpperCase();
  return {
    key: privateKey,
    cert: `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`,
    fingerprint: digest.replace(/..(?!$)/g, '$&:'),
  };
}

/** A signature as a bit string without unused bits. */
function signature(content: Buffer, key: KeyObject): Buffer {
  return der(0x03, Buffer.concat([Buffer.of(0), sign('sha256', content, key)]));
}

/** An IP address or a host name. */
function otherName(name: string): Buffer {
  const version = isIP(name);
  if (version === 0) return der(0x82, Buffer.from(name, 'ascii'));
  return der(0x87, version === 4 ? Buffer.from(name.split('.').map(Number)) : inet6(name));
}

/** The 16 bytes of an address like `::1`. */
function inet6(address: string): Buffer {
  const [head = '', tail] = address.split('::');
  const groups = (text = ''): string[] => (text === '' ? [] : text.split(':'));
  const missing = 8 - groups(head).length - groups(tail).length;
  const all = [...groups(head), ...Array<string>(missing).fill('0'), ...groups(tail)];
  return Buffer.from(all.map((group) => group.padStart(4, '0')).join(''), 'hex');
}

/** A time before 2050, given in seconds: `261121175025Z`. */
function time(seconds: number): Buffer {
  const text = new Date(seconds * 1000).toISOString().replace(/^..|[-:T]|\.\d+/g, '');
  return der(0x17, Buffer.from(text));
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return der(0x30, Buffer.concat(parts));
}

/** A tag, the length and the content. */
function der(tag: number, content: Buffer): Buffer {
  const { length } = content;
  const size =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}

function hex(text: string): Buffer {
  return Buffer.from(text.replaceAll(' ', ''), 'hex');
}
