// An OpenID Provider on loopback: one ES256 and one Ed25519 key, JWT access tokens for named resources, and logins
// without a password.

import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';

import { exportJWK, generateKeyPair } from 'jose';
import Provider from 'oidc-provider';

export const AUDIENCE = 'urn:device:pump-7';
export const OTHER_AUDIENCE = 'urn:device:pump-8';
export const REDIRECT_URI = 'https://pump-app.example.com/callback';
// The lifetime of the tokens of the client `brief`, in seconds.
export const BRIEF_TTL = 2;

// A client for each name of an algorithm: for machines, whose access tokens it signs, and for users, whose ID tokens.
const machines = ['ES256', 'EdDSA', 'Ed25519'].map((alg) => ({ client_id: `machine-${alg}`, alg }));
const apps = ['ES256', 'EdDSA', 'Ed25519'].map((alg) => ({ client_id: `app-${alg}`, alg }));

// The provider's advice for production.
console.info = console.warn = () => {};

// Listens on a free port. `name` is the issuer's name, if that is not its URL.
export async function startIssuer(name) {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${server.address().port}`;
  const issuer = { url, name: name ?? url, stop: () => server.close() };

  // From now on with new keys, whose `kid`s end in `version`.
  issuer.rotate = async (version) => {
    const provider = new Provider(issuer.name, configuration(await keys(version)));
    server.removeAllListeners('request');
    server.on('request', provider.callback());
  };
  await issuer.rotate('1');
  return issuer;
}

async function keys(version) {
  const jwk = async (alg, kid) => {
    const { privateKey } = await generateKeyPair(alg, { extractable: true });
    return { ...(await exportJWK(privateKey)), kid, use: 'sig' };
  };
  // Without `alg`, the second is for both names, EdDSA and Ed25519.
  return [await jwk('ES256', `es-${version}`), await jwk('Ed25519', `ed-${version}`)];
}

function configuration(keys) {
  return {
    jwks: { keys },
    cookies: { keys: [randomBytes(16).toString('hex')] },
    clientDefaults: { id_token_signed_response_alg: 'ES256', client_secret: 'secret' },
    clients: [
      ...[...machines, { client_id: 'brief' }].map(({ client_id }) => ({
        client_id,
        grant_types: ['client_credentials'],
        response_types: [],
        redirect_uris: [],
      })),
      ...apps.map(({ client_id, alg }) => ({
        client_id,
        id_token_signed_response_alg: alg,
        grant_types: ['authorization_code', 'implicit'],
        response_types: ['code', 'code id_token token'],
        redirect_uris: [REDIRECT_URI],
      })),
    ],
    responseTypes: ['code', 'code id_token token'],
    scopes: ['openid', 'pump:read', 'pump:write'],
    findAccount: (_ctx, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
    features: {
      clientCredentials: { enabled: true },
      dPoP: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_ctx, resource, client) => ({
          scope: 'pump:read pump:write',
          audience: resource,
          accessTokenFormat: 'jwt',
          accessTokenTTL: client.clientId === 'brief' ? BRIEF_TTL : 300,
          jwt: { sign: { alg: [...machines, ...apps].find((known) => known.client_id === client.clientId)?.alg } },
        }),
      },
    },
  };
}
