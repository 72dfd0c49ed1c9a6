// What clients do: get tokens, log in, prove possession of a key, call the gateway.

import { createHash, randomUUID } from 'node:crypto';

import { exportJWK, generateKeyPair, SignJWT } from 'jose';

import { AUDIENCE, REDIRECT_URI } from './issuer.mjs';

// An access token by client credentials (RFC 6749 section 4.4), bound to `holder` if there is one.
export async function accessToken(issuer, clientId, { scope = 'pump:read', resource = AUDIENCE, holder } = {}) {
  const grant = { grant_type: 'client_credentials', scope, resource };
  return (await tokens(issuer, clientId, grant, holder)).access_token;
}

async function tokens(issuer, clientId, grant, holder) {
  const url = `${issuer.url}/token`;
  const headers = { authorization: `Basic ${btoa(`${clientId}:secret`)}` };
  if (holder) {
    headers.dpop = await holder.proof('POST', url.replace(issuer.url, issuer.name));
  }
  const response = await fetch(url, { method: 'POST', headers, body: new URLSearchParams(grant) });
  const body = await response.json();
  if (!response.ok) {
    throw new Error(`token endpoint: ${JSON.stringify(body)}`);
  }
  return body;
}

// Logs a user in and lets them consent, in a browser with cookies and no screen. Returns the tokens of the hybrid flow
// (OpenID Connect Core section 3.3): an ID token and an access token with the redirection, and others for the code.
export async function logIn(issuer, clientId, nonce) {
  const request = {
    client_id: clientId,
    redirect_uri: REDIRECT_URI,
    response_type: 'code id_token token',
    scope: 'openid pump:read',
    resource: AUDIENCE,
    state: randomUUID(),
    nonce,
  };
  const cookies = new Map();
  let location = `${issuer.url}/auth?${new URLSearchParams(request)}`;
  let form;
  for (let steps = 0; !location.startsWith(REDIRECT_URI); steps += 1) {
    const response = await fetch(location, {
      method: form ? 'POST' : 'GET',
      headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
      body: form && new URLSearchParams(form),
      redirect: 'manual',
    });
    for (const cookie of response.headers.getSetCookie()) {
      const [name, value] = cookie.split(';')[0].split('=');
      cookies.set(name, value);
    }
    form = undefined;
    if (response.status === 303) {
      location = new URL(response.headers.get('location'), location).href;
      continue;
    }
    const page = await response.text();
    const prompt = /name="prompt" value="(login|consent)"/.exec(page)?.[1];
    if (!prompt || steps > 10) {
      throw new Error(`login: status ${response.status}: ${page.slice(0, 1000)}`);
    }
    form = { prompt, login: 'alice', password: 'any' };
  }
  const front = Object.fromEntries(new URLSearchParams(new URL(location).hash.slice(1)));
  if (!front.code || front.state !== request.state) {
    throw new Error(`login: ${location}`);
  }
  const grant = { grant_type: 'authorization_code', code: front.code, redirect_uri: REDIRECT_URI, resource: AUDIENCE };
  return { front, back: await tokens(issuer, clientId, grant) };
}

// Who holds a private key, and makes DPoP proofs with it (RFC 9449 section 4.2).
export async function newHolder(alg) {
  const { publicKey, privateKey } = await generateKeyPair(alg);
  const jwk = await exportJWK(publicKey);
  return {
    proof(method, url, token) {
      const claims = { jti: randomUUID(), htm: method, htu: url };
      if (token) {
        claims.ath = createHash('sha256').update(token).digest('base64url');
      }
      return new SignJWT(claims).setProtectedHeader({ typ: 'dpop+jwt', alg, jwk }).setIssuedAt().sign(privateKey);
    },
  };
}

// The status, and the values of `WWW-Authenticate`.
export async function call(method, url, headers) {
  const response = await fetch(url, { method, headers, body: method === 'POST' ? '1500' : undefined });
  await response.text();
  return { status: response.status, challenge: response.headers.get('www-authenticate') ?? '' };
}
