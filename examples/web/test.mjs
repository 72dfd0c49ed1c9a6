// The page against the example `verify`, by the script `test`. The arguments are the page, and the folder of the examples.

import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

import { BROWSER, startBrowser } from './browser.mjs';
import { ask, unpack } from './engine.mjs';

const [page, examples, option, screenshots] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), 'verify-page-'));
const counts = { ok: 0, FAIL: 0 };

function check(what, actual, expected) {
  const same = JSON.stringify(actual) === JSON.stringify(expected);
  counts[same ? 'ok' : 'FAIL'] += 1;
  if (!same) {
    console.log(`FAIL  ${what}\n      got       ${JSON.stringify(actual)}\n      expected  ${JSON.stringify(expected)}`);
  }
}

/** The report of the example `verify`, or why there is none. */
function verify({ token, jwks, ...fields }) {
  if (fields.profile === 'dpop') {
    delete fields.issuer;
    delete fields.audience;
  } else {
    fields.jwks = join(folder, 'jwks.json');
    writeFileSync(fields.jwks, jwks);
  }
  const options = Object.entries(fields).flatMap(([name, value]) => [`--${name.replaceAll('_', '-')}`, value]);
  const run = spawnSync(join(examples, 'verify'), [...options, '-'], { input: token, encoding: 'utf8' });
  return { status: run.status, text: run.stdout, problem: run.stderr };
}

/** Each report in WebAssembly is the text of `verify`, and its parts say the same. */
async function checkReports(module, cases) {
  for (const { name, error, question } of cases) {
    const { report, problem } = await ask(module, question);
    if (problem) throw new Error(`${name}: ${problem}`);
    const expected = verify(question);
    check(`${name}: text`, report.text, expected.text);
    check(`${name}: status`, report.accepted ? 0 : 1, expected.status);
    check(`${name}: error`, report.text.includes(`[${error}, code`) || (!error && report.accepted), true);
    const rows = report.checks.map(({ outcome, name, rule, reference }) =>
      `  ${outcome.padEnd(4)} ${name.padEnd(10)}  ${rule.padEnd(43)} ${reference}`);
    check(`${name}: checks`, expected.text.includes(`\nchecks\n${rows.join('\n')}\n`), true);
    check(`${name}: one check failed`, report.checks.filter(({ outcome }) => outcome === 'FAIL').length, error ? 1 : 0);
    const parts = [...report.advice, ...report.claims.map(([name, value]) => `${name.padEnd(10)} ${value}`)];
    check(`${name}: parts`, parts.filter((line) => !expected.text.includes(`  ${line}\n`)), []);
    if (error) {
      const explained = execFileSync(join(examples, 'verify'), ['--explain', report.refusal.code], { encoding: 'utf8' });
      const { code, error: meaning, cause, remedy } = report.refusal;
      check(`${name}: explanation`, `${code}  ${meaning}\ncause   ${cause}\nremedy  ${remedy}\n`, explained);
    }
  }
}

/** Tokens with one character changed, in all parts of the text. */
async function checkDamaged(module, { question }) {
  const { token } = question;
  const replacements = ['.', 'A', '_', '=', '"', ' ', '\u{1f511}', ''];
  for (let at = 0; at < token.length; at += 5) {
    const damaged = token.slice(0, at) + replacements[(at / 5) % replacements.length] + token.slice(at + 1);
    const asked = { ...question, token: damaged };
    check(`damaged at ${at}`, (await ask(module, asked)).report.text, verify(asked).text);
  }
}

/** If a question cannot be verified, there is no report, but a reason: `verify` puts files and options before it. */
async function checkProblems(module, { question }) {
  const problems = [
    [{ jwks: '{"kty":"EC"}' }, 'a set has the form {"keys":[...]}'],
    [{ jwks: '' }, '[Malformed(KeySet)]'],
    [{ jwks: 'x'.repeat(70_000) }, '[TooLarge(KeySet)]'],
    [{ profile: 'other' }, 'there is no profile "other"'],
    [{ method: 'GET' }, 'a method is not for the profile access'],
    [{ alg: 'HS256' }, 'there is no algorithm "HS256"'],
    [{ scope: ' ' }, 'scope is empty'],
    [{ proof: 'p' }, 'a proof needs a method'],
    [{ floor: '1' }, 'loor is for a device without a clock'],
    [{ now: '9'.repeat(20) }, 'a whole number'],
    [{ leeway: '-1' }, 'a whole number'],
  ];
  for (const [fields, reason] of problems) {
    const asked = { ...question, ...fields };
    check(`problem: ${reason}`, (await ask(module, asked)).problem?.includes(reason), true);
    const run = verify(asked);
    check(`verify: ${reason}`, [run.status, run.problem.includes(reason)], [2, true]);
  }
  check('no question', Object.keys(await ask(module)), ['examples']);
  check('half a surrogate pair', 'report' in await ask(module, { ...question, token: '\ud800' }), true);
}

/** What a person sees: the same reports, and nothing that leaves the page. */
async function checkPage(browser, cases) {
  await browser.send('Page.navigate', { url: pathToFileURL(resolve(page)).href });
  await until(browser, `document.querySelectorAll('#examples button').length === 4`);
  for (const { name, error, question } of cases) {
    const shown = await fill(browser, question);
    const { text } = verify(question);
    check(`${name}: shown text`, shown.text, text);
    check(`${name}: heading`, shown.heading, error ? 'Refused' : 'Accepted');
    check(`${name}: failed check`, shown.failed, error ? 1 : 0);
    check(`${name}: no markup of the token's`, shown.images, 0);
    check(`${name}: fits the width`, shown.overflow, 0);
  }
  await checkClock(browser, cases[0]);
  for (const [button, heading] of ['Accepted', 'Accepted', 'Refused', 'Refused'].entries()) {
    await browser.evaluate(`document.querySelectorAll('#examples button')[${button}].click()`);
    await until(browser, `document.querySelector('#report').childElementCount > 0`);
    check(`example ${button}`, await browser.evaluate(`document.querySelector('#report h2').textContent`), heading);
    await browser.evaluate(`document.querySelector('#clear').click()`);
  }
  const left = `document.querySelector('form').token.value + document.querySelector('#report').textContent`;
  check('nothing is left', await browser.evaluate(left), '');

  const urls = browser.events.filter(({ method }) => method === 'Network.requestWillBeSent').map(({ params }) => params.request.url);
  check('requests', urls.filter((url) => !url.startsWith('file:') && url !== 'about:blank'), []);
  const stored = `localStorage.length + sessionStorage.length + document.cookie.length`;
  check('stored', await browser.evaluate(stored), 0);
  const ways = {
    'connect-src': `fetch('https://example.com').catch(() => {})`,
    'img-src': `new Image().src = 'https://example.com/x.png'`,
    'frame-src': `document.body.appendChild(document.createElement('iframe')).src = 'https://example.com'`,
    'form-action': `document.querySelector('form').submit()`,
  };
  for (const [directive, way] of Object.entries(ways)) {
    check(`${directive} is forbidden`, await browser.evaluate(`new Promise((done) => {
      addEventListener('securitypolicyviolation', (event) => done(event.effectiveDirective), { once: true });
      ${way};
      setTimeout(() => done('allowed'), 3000);
    })`), directive);
  }
}

/** Without a given time, it is the browser's. */
async function checkClock(browser, { question }) {
  const seconds = () => Math.floor(Date.now() / 1000);
  const first = seconds();
  const { text } = await fill(browser, { ...question, now: '' });
  const times = Array.from({ length: seconds() - first + 1 }, (_, passed) => String(first + passed));
  check('clock of the browser', times.some((now) => verify({ ...question, now }).text === text), true);
}

/** Fills in the form, submits it, and reads the page. */
async function fill(browser, question) {
  await browser.evaluate(`{
    const form = document.querySelector('form');
    form.reset();
    document.querySelector('#report').replaceChildren();
    for (const [name, value] of Object.entries(${JSON.stringify(question)})) form.elements[name].value = value;
    form.elements.profile.dispatchEvent(new Event('change'));
    form.noValidate = true;
    form.requestSubmit();
  }`);
  await until(browser, `document.querySelector('#report').childElementCount > 0`);
  return browser.evaluate(`({
    text: document.querySelector('#report pre')?.textContent,
    heading: document.querySelector('#report h2')?.textContent,
    failed: document.querySelectorAll('#report li .bad').length,
    images: document.images.length,
    overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
  })`);
}

async function until(browser, condition) {
  for (const end = Date.now() + 30_000; Date.now() < end;) {
    if (await browser.evaluate(condition)) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`not within 30 s: ${condition}`);
}

async function takeScreenshots(browser, cases) {
  mkdirSync(screenshots, { recursive: true });
  for (const [width, scheme] of [[390, 'light'], [390, 'dark'], [1000, 'light'], [1000, 'dark']]) {
    await look(browser, width, scheme);
    for (const name of ['accepted, with limits', 'forged', 'an unmarked access token', 'hostile text', 'accepted proof']) {
      await fill(browser, cases.find((one) => one.name === name).question);
      const { data } = await browser.send('Page.captureScreenshot', { captureBeyondViewport: true });
      writeFileSync(join(screenshots, `${width}-${scheme}-${name.replaceAll(/\W+/g, '-')}.png`), data, 'base64');
    }
  }
}

async function look(browser, width, scheme) {
  await browser.send('Emulation.setDeviceMetricsOverride', { width, height: 1200, deviceScaleFactor: 1, mobile: width < 500 });
  await browser.send('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value: scheme }] });
}

const packed = /id="wasm">([^<]*)</.exec(readFileSync(page, 'utf8'))[1];
const module = await unpack(packed);
const cases = JSON.parse(execFileSync(join(examples, 'page_cases')));
check('imports of the module', WebAssembly.Module.imports(module), []);
await checkReports(module, cases);
await checkDamaged(module, cases[0]);
await checkProblems(module, cases[0]);

let browser;
try {
  if (BROWSER) {
    browser = await startBrowser();
    await look(browser, 390, 'light');
    await checkPage(browser, cases);
    if (option === '--screenshots') await takeScreenshots(browser, cases);
  } else {
    console.log('note  Chromium is missing: the page was tested in node alone');
  }
} finally {
  await browser?.stop();
  rmSync(folder, { recursive: true });
}
console.log(`${counts.ok} ok, ${counts.FAIL} failed: ${cases.length} tokens in node${BROWSER ? ` and ${BROWSER}` : ''}`);
process.exitCode = counts.FAIL ? 1 : 0;
