// Chromium over the DevTools protocol: messages in JSON, with a zero byte behind each, over two pipes.

import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];

/** The command of the browser, if there is one. */
export const BROWSER = NAMES.find((name) => spawnSync(name, ['--version']).status === 0);

export async function startBrowser() {
  const profile = mkdtempSync(join(tmpdir(), 'verify-page-'));
  // No sandbox: on CI machines the user is root in a container, and the only page is our own.
  const options = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--remote-debugging-pipe',
    `--user-data-dir=${profile}`, 'about:blank'];
  const child = spawn(BROWSER, options, { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] });
  const [, , , input, output] = child.stdio;
  const failed = new Promise((_, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`Chromium ended with ${code}`)));
  });
  failed.catch(() => {});
  input.on('error', () => {});

  const waiting = new Map();
  const events = [];
  let received = '';
  output.setEncoding('utf8').on('data', (text) => {
    const messages = (received + text).split('\0');
    received = messages.pop();
    for (const message of messages.map((message) => JSON.parse(message))) {
      if (message.id) waiting.get(message.id)(message);
      else events.push(message);
    }
  });

  let session;
  let last = 0;
  async function send(method, params = {}) {
    last += 1;
    const id = last;
    const answered = new Promise((resolve) => waiting.set(id, resolve));
    input.write(`${JSON.stringify({ id, method, params, sessionId: session })}\0`);
    const { result, error } = await Promise.race([answered, failed]);
    if (error) throw new Error(`${method}: ${error.message}`);
    return result;
  }

  const { targetId } = await send('Target.createTarget', { url: 'about:blank' });
  session = (await send('Target.attachToTarget', { targetId, flatten: true })).sessionId;
  for (const domain of ['Page', 'Runtime', 'Network', 'Log']) await send(`${domain}.enable`);

  return {
    events,
    send,
    /** The value of an expression in the page, awaited. */
    async evaluate(expression) {
      const { result, exceptionDetails } =
        await send('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true });
      if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
      return result.value;
    },
    async stop() {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await ended;
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
