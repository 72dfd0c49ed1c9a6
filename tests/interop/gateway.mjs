// What every gateway must answer, the example and the firmware on a network: the answers, and the checks with DPoP.

import { accessToken, call, newHolder } from './client.mjs';

export const ALGS = ['ES256', 'EdDSA', 'Ed25519'];

export const BEARER = 'Bearer realm="pump"';
export const DPOP = 'DPoP algs="ES256 EdDSA Ed25519", realm="pump"';
export const READ = 'scope="pump:read"';
export const INVALID_TOKEN = { status: 401, challenge: `${BEARER}, error="invalid_token", ${READ}` };
export const INSUFFICIENT_SCOPE = { status: 403, challenge: `${BEARER}, error="insufficient_scope", scope="pump:write"` };
export const OK = { status: 200, challenge: '' };
const INVALID_TOKEN_DPOP = { status: 401, challenge: `${DPOP}, error="invalid_token", ${READ}` };
const INVALID_PROOF = { status: 401, challenge: `${DPOP}, error="invalid_dpop_proof", ${READ}` };

// `check` takes a name, the answer, and the expected one.
export async function checkDpop(check, issuer, url) {
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
    const alone = await call('GET', url, { authorization: `Bearer ${token}` });
    const both = { status: 401, challenge: `${INVALID_TOKEN.challenge}, ${DPOP}, ${READ}` };
    check(`DPoP ${alg}: the token by itself is refused`, alone, both);
  }
}
