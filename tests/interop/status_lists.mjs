// Status lists of two libraries, which the example `status_list` reads: npm's @sd-jwt/jwt-status-list, and PyPI's
// token-status-list by `status_lists.py`.

import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { createHeaderAndPayload, StatusList } from '@sd-jwt/jwt-status-list';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';

const ISSUER = 'https://idp.example.com';
const URI = 'https://idp.example.com/status/1';
const WIDTHS = [1, 2, 4, 8];

// Every value, several times, and an end within a byte.
const statusesOf = (bits) => Array.from({ length: 1003 }, (_, index) => (index * 5 + (index >> 6)) % 2 ** bits);

// The text of a list. HAIP 1.0 demands certificates in its header, here without meaning.
async function listOf(privateKey, bits, { iss, x5c }) {
  const iat = Math.floor(Date.now() / 1000);
  const list = new StatusList(statusesOf(bits), bits);
  const { header, payload } = createHeaderAndPayload(
    list,
    { ...(iss && { iss }), sub: URI, iat, ttl: 600 },
    { alg: 'ES256', kid: 'npm', ...(x5c && { x5c }) },
  );
  return new SignJWT(payload).setProtectedHeader(header).sign(privateKey);
}

// Lists of the PyPI package, and their key.
function pythonLists(python) {
  const script = join(import.meta.dirname, 'status_lists.py');
  const { status, stdout, stderr } = spawnSync(python, [script, ISSUER, URI], { encoding: 'utf8' });
  if (status !== 0) {
    throw new Error(`status_lists.py: ${stderr}`);
  }
  return JSON.parse(stdout);
}

// What the example prints: the first statuses, and whether only zeros follow to the end of the last byte.
function read(folder, jwks, token, { count, issuer = ISSUER, uri = URI }) {
  const { status, stdout, stderr } = spawnSync(`${folder}/status_list`, [jwks, issuer, uri], { input: token, encoding: 'utf8' });
  if (status !== 0 && status !== 1) {
    throw new Error(`status_list: ${stderr}`);
  }
  if (status === 1) {
    return { refused: /\[(.*)\]/.exec(stderr)[1] };
  }
  const statuses = stdout.trim().split(' ').map(Number);
  return { statuses: statuses.slice(0, count), padding: statuses.slice(count).every((value) => value === 0) };
}

export async function checkStatusLists({ folder, scratch, python }, check) {
  const { publicKey, privateKey } = await generateKeyPair('ES256');
  const file = (name, jwks) => {
    const path = join(scratch, `status-${name}.json`);
    writeFileSync(path, JSON.stringify(jwks));
    return path;
  };
  const npm = file('npm', { keys: [{ ...(await exportJWK(publicKey)), kid: 'npm', use: 'sig' }] });
  const certificates = ['M'.repeat(1200)];
  const kinds = { 'with iss': { iss: ISSUER }, 'without iss': {}, 'with x5c': { x5c: certificates } };
  for (const bits of WIDTHS) {
    const statuses = statusesOf(bits);
    for (const [kind, options] of Object.entries(kinds)) {
      const token = await listOf(privateKey, bits, options);
      const found = read(folder, npm, token, { count: statuses.length });
      check(`@sd-jwt/jwt-status-list, ${bits} bit, ${kind}`, found, { statuses, padding: true });
    }
  }
  const list = await listOf(privateKey, 1, {});
  const refusal = (token, options) => read(folder, npm, token, options).refused;
  check('a list of another URI is refused', refusal(list, { uri: `${URI}0` }), 'Mismatch(Subject)');
  const named = await listOf(privateKey, 1, { iss: ISSUER });
  check('a list of another issuer is refused', refusal(named, { issuer: `${ISSUER}/` }), 'Mismatch(Issuer)');
  const stranger = await generateKeyPair('ES256');
  const forged = await listOf(stranger.privateKey, 1, {});
  check('a list of another key is refused', refusal(forged, {}), 'InvalidSignature');

  const { jwks, lists } = pythonLists(python);
  const pypi = file('pypi', jwks);
  for (const { bits, statuses, raw, token } of lists) {
    const found = read(folder, pypi, token, { count: statuses.length });
    check(`token-status-list, ${bits} bit`, found, { statuses, padding: true });
    check('its signature as the library writes it is refused', read(folder, pypi, raw, {}).refused, 'Malformed(Signature)');
  }
}
