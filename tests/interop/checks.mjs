// Tokens of a real issuer against the examples `gateway` and `verify`, and status lists against `status_list`. The
// arguments are the folder of the examples, and a Python that has the packages of `requirements.txt`.

import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { decodeProtectedHeader } from 'jose';

import { accessToken, call, logIn } from './client.mjs';
import { startGateway, verifyIdToken } from './example.mjs';
import { ALGS, BEARER, DPOP, INSUFFICIENT_SCOPE, INVALID_TOKEN, OK, READ, checkDpop } from './gateway.mjs';
import { BRIEF_TTL, OTHER_AUDIENCE, startIssuer } from './issuer.mjs';
import { checkStatusLists } from './status_lists.mjs';

const CHANGED = { status: 204, challenge: '' };

const counts = { ok: 0, FAIL: 0 };

function check(what, actual, expected) {
  const same = JSON.stringify(actual) === JSON.stringify(expected);
  counts[same ? 'ok' : 'FAIL'] += 1;
  console.log(`${same ? 'ok  ' : 'FAIL'}  ${what}`);
  if (!same) {
    console.log(`      got       ${JSON.stringify(actual)}\n      expected  ${JSON.stringify(expected)}`);
  }
}

async function checkBearerTokens({ issuer, gateway }) {
  const read = (token) => call('GET', `${gateway.url}/speed`, { authorization: `Bearer ${token}` });
  const write = (token) => call('POST', `${gateway.url}/speed`, { authorization: `Bearer ${token}` });

  for (const alg of ALGS) {
    const reads = await accessToken(issuer, `machine-${alg}`);
    const header = decodeProtectedHeader(reads);
    check(`${alg}: a token says what it is`, [header.alg, header.typ], [alg, 'at+jwt']);
    check(`${alg}: a token with the scope reads`, await read(reads), OK);
    check(`${alg}: a token without the scope does not write`, await write(reads), INSUFFICIENT_SCOPE);
    const writes = await accessToken(issuer, `machine-${alg}`, { scope: 'pump:read pump:write' });
    check(`${alg}: a token with both scopes writes`, await write(writes), CHANGED);
    const elsewhere = await accessToken(issuer, `machine-${alg}`, { resource: OTHER_AUDIENCE });
    check(`${alg}: a token for another device is refused`, await read(elsewhere), INVALID_TOKEN);
  }

  const nothing = { status: 401, challenge: `${BEARER}, ${READ}, ${DPOP}, ${READ}` };
  check('without a token, both schemes are offered', await call('GET', `${gateway.url}/speed`, {}), nothing);

  const brief = await accessToken(issuer, 'brief');
  check('a brief token is good at first', await read(brief), OK);
  await new Promise((resolve) => setTimeout(resolve, (BRIEF_TTL + 1) * 1000));
  check('an expired token is refused', await read(brief), INVALID_TOKEN);
  check('and for that reason', gateway.log.at(-1), 'GET /speed 401 Expired');
}

// By a second provider of the same name and with the same `kid`s.
async function checkImpostor({ issuer, gateway }) {
  const impostor = await startIssuer(issuer.name);
  for (const alg of ALGS) {
    const token = await accessToken(impostor, `machine-${alg}`);
    const answer = await call('GET', `${gateway.url}/speed`, { authorization: `Bearer ${token}` });
    check(`${alg}: a token of another issuer's key is refused`, answer, INVALID_TOKEN);
    check(`${alg}: and for that reason`, gateway.log.at(-1), 'GET /speed 401 InvalidSignature');
  }
  impostor.stop();
}

async function checkIdTokens({ issuer, gateway, folder, scratch }) {
  const jwks = join(scratch, 'jwks.json');
  writeFileSync(jwks, await (await fetch(`${issuer.url}/jwks`)).text());
  const nonce = randomUUID();
  for (const alg of ALGS) {
    const audience = `app-${alg}`;
    const { front, back } = await logIn(issuer, audience, nonce);
    const request = { jwks, issuer: issuer.name, audience, nonce, token: back.id_token };
    const accepted = { accepted: true, error: '' };
    const refused = (error) => ({ accepted: false, error });
    const verify = (changes) => verifyIdToken(folder, { ...request, ...changes });

    check(`${alg}: an ID token with its nonce is accepted`, verify({}), accepted);
    const hybrid = { token: front.id_token, accessToken: front.access_token };
    check(`${alg}: and one with the hash of its access token`, verify(hybrid), accepted);
    const other = { ...hybrid, accessToken: back.access_token };
    check(`${alg}: not with that of another`, verify(other), refused('Mismatch(AccessTokenHash)'));
    check(`${alg}: nor with another nonce`, verify({ nonce: 'other' }), refused('Mismatch(Nonce)'));
    check(`${alg}: nor for another client`, verify({ audience: 'other' }), refused('Mismatch(Audience)'));
    check(`${alg}: an access token is no ID token`, verify({ token: back.access_token }), refused('WrongType'));

    const read = (token) => call('GET', `${gateway.url}/speed`, { authorization: `Bearer ${token}` });
    check(`${alg}: the user's access token reads`, await read(back.access_token), OK);
    check(`${alg}: an ID token is no access token`, await read(back.id_token), INVALID_TOKEN);
  }
}

// Last, since the issuer has other keys then.
async function checkRotation({ issuer, gateway }) {
  const read = (token) => call('GET', `${gateway.url}/speed`, { authorization: `Bearer ${token}` });
  const before = await accessToken(issuer, 'machine-EdDSA');
  await issuer.rotate('2');
  const after = await accessToken(issuer, 'machine-EdDSA');
  check('rotation: a token of the new key reads', await read(after), OK);
  check('rotation: and one of the old key for a while', await read(before), OK);
}

const [folder, python] = process.argv.slice(2);
const scratch = mkdtempSync(join(tmpdir(), 'embedded-jwt-interop-'));
const issuer = await startIssuer();
const gateway = await startGateway(folder, [
  ...['--jwks', `${issuer.url}/jwks`, '--issuer', issuer.name],
  ...['--leeway', '0', '--reload', '0'],
]);
try {
  const parties = { issuer, gateway, folder, scratch, python };
  await checkBearerTokens(parties);
  await checkImpostor(parties);
  await checkDpop(check, issuer, `${gateway.url}/speed`);
  await checkIdTokens(parties);
  await checkStatusLists(parties, check);
  await checkRotation(parties);
} catch (error) {
  counts.FAIL += 1;
  console.log(`FAIL  ${error.stack}`);
} finally {
  gateway.stop();
  issuer.stop();
  rmSync(scratch, { recursive: true });
}
console.log(`\n${counts.ok} ok, ${counts.FAIL} failed`);
process.exit(counts.FAIL === 0 ? 0 : 1);
