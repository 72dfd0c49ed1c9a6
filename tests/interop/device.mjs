// Tokens of a real issuer against the firmware on a network, started by `examples/firmware/gateway --net --test`. Writes
// the issuer's name and port, reads the device's URL, and then writes a line for each check: its name, the device's
// answer, and the expected one.

import { createInterface } from 'node:readline';

import { accessToken, call, logIn, newHolder } from './client.mjs';
import { OTHER_AUDIENCE, startIssuer } from './issuer.mjs';

const ALGS = ['ES256', 'EdDSA', 'Ed25519'];

const BEARER = 'Bearer realm="pump"';
const DPOP = 'DPoP algs="ES256 EdDSA Ed25519", realm="pump"';
const READ = 'scope="pump:read"';
const OK = { status: 200, challenge: '' };
const INVALID_TOKEN = { status: 401, challenge: `${BEARER}, error="invalid_token", ${READ}` };
const INVALID_TOKEN_DPOP = { status: 401, challenge: `${DPOP}, error="invalid_token", ${READ}` };
const INVALID_PROOF = { status: 401, challenge: `${DPOP}, error="invalid_dpop_proof", ${READ}` };
const INSUFFICIENT_SCOPE = { status: 403, challenge: `${BEARER}, error="insufficient_scope", scope="pump:write"` };

const line = (value) => console.log(JSON.stringify(value));
const check = (name, got, expected) => line([name, got, expected]);

async function checkBearerTokens(issuer, url) {
  const read = (token) => call('GET', url, { authorization: `Bearer ${token}` });
  const write = (token) => call('POST', url, { authorization: `Bearer ${token}` });
  for (const alg of ALGS) {
    const reads = await accessToken(issuer, `machine-${alg}`);
    check(`${alg}: a token with the scope reads`, await read(reads), OK);
    check(`${alg}: a token without the scope does not write`, await write(reads), INSUFFICIENT_SCOPE);
    const writes = await accessToken(issuer, `machine-${alg}`, { scope: 'pump:read pump:write' });
    check(`${alg}: a token with both scopes writes`, await write(writes), OK);
    const elsewhere = await accessToken(issuer, `machine-${alg}`, { resource: OTHER_AUDIENCE });
    check(`${alg}: a token for another device is refused`, await read(elsewhere), INVALID_TOKEN);
  }
}

// By a second provider of the same name and with the same `kid`s.
async function checkImpostor(issuer, url) {
  const impostor = await startIssuer(issuer.name);
  for (const alg of ALGS) {
    const token = await accessToken(impostor, `machine-${alg}`);
    const answer = await call('GET', url, { authorization: `Bearer ${token}` });
    check(`${alg}: a token of another issuer's key is refused`, answer, INVALID_TOKEN);
  }
  impostor.stop();
}

async function checkDpop(issuer, url) {
  for (const alg of ALGS) {
    const holder = await newHolder(alg);
    const token = await accessToken(issuer, 'machine-ES256', { holder });
    const present = (proof) => call('GET', url, { authorization: `DPoP ${token}`, dpop: proof });
    const proof = await holder.proof('GET', url, token);
    check(`DPoP ${alg}: a token with a proof reads`, await present(proof), OK);
    check(`DPoP ${alg}: the proof is refused a second time`, await present(proof), INVALID_PROOF);
    check(`DPoP ${alg}: another proof reads`, await present(await holder.proof('GET', url, token)), OK);
    const post = await holder.proof('POST', url, token);
    check(`DPoP ${alg}: a proof for another method is refused`, await present(post), INVALID_PROOF);
    const thief = await newHolder(alg);
    const stolen = await present(await thief.proof('GET', url, token));
    check(`DPoP ${alg}: the proof of another key is refused`, stolen, INVALID_TOKEN_DPOP);
  }
}

async function checkUsers(issuer, url) {
  const read = (token) => call('GET', url, { authorization: `Bearer ${token}` });
  for (const alg of ALGS) {
    const { back } = await logIn(issuer, `app-${alg}`, 'n-1');
    check(`${alg}: the user's access token reads`, await read(back.access_token), OK);
    check(`${alg}: an ID token is no access token`, await read(back.id_token), INVALID_TOKEN);
  }
}

// Last, since the issuer has other keys then. The device fetches keys once in some seconds.
async function checkRotation(issuer, url) {
  const read = (token) => call('GET', url, { authorization: `Bearer ${token}` });
  const before = await accessToken(issuer, 'machine-EdDSA');
  await issuer.rotate('2');
  const after = await accessToken(issuer, 'machine-EdDSA');
  await new Promise((resolve) => setTimeout(resolve, 4000));
  check('rotation: a token of the new key reads', await read(after), OK);
  check('rotation: and one of the old key for a while', await read(before), OK);
}

const issuer = await startIssuer();
line({ name: issuer.name, port: Number(new URL(issuer.url).port) });
const { value: device } = await createInterface({ input: process.stdin })[Symbol.asyncIterator]().next();
const url = `${device}/pump`;
await checkBearerTokens(issuer, url);
await checkImpostor(issuer, url);
await checkDpop(issuer, url);
await checkUsers(issuer, url);
await checkRotation(issuer, url);
issuer.stop();
process.exit(0);
