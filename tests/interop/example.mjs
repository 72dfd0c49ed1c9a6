// The examples, as they were built, run from here.

import { spawn, spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';

// Starts the gateway on a free port.
export async function startGateway(folder, args) {
  const child = spawn(`${folder}/gateway`, ['--listen', '127.0.0.1:0', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const log = [];
  createInterface({ input: child.stderr }).on('line', (line) => log.push(line));
  const url = await new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).once('line', (line) => resolve(line.split(' ').at(-1)));
    child.once('exit', () => reject(new Error(`gateway: ${log.join('\n')}`)));
    child.once('error', reject);
  });
  return { url, log, stop: () => child.kill() };
}

// Whether the example `verify` accepts an ID token; else its report.
export function verifyIdToken(folder, { jwks, issuer, audience, nonce, accessToken, token }) {
  const args = ['--profile', 'id', '--jwks', jwks, '--issuer', issuer, '--audience', audience, '--nonce', nonce];
  if (accessToken) {
    args.push('--access-token', accessToken);
  }
  const { status, stdout, stderr } = spawnSync(`${folder}/verify`, [...args, token], { encoding: 'utf8' });
  if (status !== 0 && status !== 1) {
    throw new Error(`verify: ${stderr}`);
  }
  return { accepted: status === 0, error: /\[(.*), code 0x/.exec(stdout)?.[1] ?? '' };
}
