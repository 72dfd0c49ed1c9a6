// Tokens of a real issuer against the firmware on a network, started by `examples/firmware/gateway --net --test`. Writes
// the issuer's name and port, reads the device's URL, and then writes a line for each check: its name, the device's
// answer, and the expected one.

import { createInterface } from 'node:readline';

import { accessToken, call, logIn } from './client.mjs';
import { ALGS, INSUFFICIENT_SCOPE, INVALID_TOKEN, OK, checkDpop } from './gateway.mjs';
import { OTHER_AUDIENCE, startIssuer } from './issuer.mjs';

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
await checkDpop(check, issuer, url);
await checkUsers(issuer, url);
await checkRotation(issuer, url);
issuer.stop();
process.exit(0);
