// The form, and the report below it.

const form = document.querySelector('form');
const output = document.querySelector('#report');
const module = unpack(document.querySelector('#wasm').textContent.trim());

form.addEventListener('submit', (event) => {
  event.preventDefault();
  show();
});
form.elements.profile.addEventListener('change', fields);
document.querySelector('#clear').addEventListener('click', () => {
  form.reset();
  fields();
  output.replaceChildren();
});
fields();
examples();

/** Shows the fields of the chosen profile alone, and sends no others. */
function fields() {
  for (const label of form.querySelectorAll('[data-for]')) {
    const shown = label.dataset.for.split(' ').includes(form.elements.profile.value);
    label.hidden = !shown;
    label.querySelector('input, textarea').disabled = !shown;
  }
}

/** A button for each example. */
async function examples() {
  const place = document.querySelector('#examples');
  for (const [title, question] of (await ask(await module)).examples) {
    const button = element('button', { type: 'button' }, title);
    button.addEventListener('click', () => {
      form.reset();
      for (const [name, value] of Object.entries(question)) form.elements[name].value = value;
      fields();
      // So that the example's time is not overlooked.
      form.querySelector('details').open = true;
      show();
    });
    place.append(button);
  }
}

async function show() {
  const question = Object.fromEntries(new FormData(form));
  // The line end that a terminal or an editor adds.
  for (const name of ['token', 'access_token', 'proof']) {
    // The form has only the fields of the profile.
    if (name in question) question[name] = question[name].replace(/\r?\n$/, '');
  }
  if (!question.floor) question.now ||= String(Math.floor(Date.now() / 1000));
  let answer;
  try {
    answer = await ask(await module, question);
  } catch (error) {
    answer = { problem: `The page failed, which is a fault of its own: ${error}` };
  }
  output.replaceChildren(...('report' in answer ? report(answer.report) : [element('p', { class: 'bad' }, answer.problem)]));
  output.scrollIntoView();
}

function report({ accepted, refusal, advice, checks, token, claims_heading, claims, grant, text }) {
  const parts = [element('h2', { class: accepted ? 'good' : 'bad' }, accepted ? 'Accepted' : 'Refused')];
  if (refusal) {
    const failed = checks.filter(({ outcome }) => outcome === 'FAIL').map(({ name, rule }) => ['check', `${name}: ${rule}`]);
    const explained = ['code', 'error', 'cause', 'remedy'].map((name) => [name, refusal[name]]);
    parts.push(
      element('p', { class: 'phrase' }, refusal.phrase),
      values([...failed, ...explained]),
      element('h3', {}, 'What to do next'),
      ...prose(advice),
    );
  } else {
    parts.push(...prose(grant.split('\n')));
  }
  parts.push(element('h3', {}, 'Checks'), element('ol', {}, ...checks.map(row)));
  if (checks.some(({ outcome }) => outcome === '-')) parts.push(element('p', { class: 'faint' }, '- is not reached: the first failure ends the checks.'));
  parts.push(element('h3', {}, 'Token'), ...prose(token.split('\n')));
  if (claims_heading) parts.push(element('h3', {}, claims_heading), values(claims));
  const whole = element('details', {}, element('summary', {}, 'As text'), element('pre', {}, text));
  return [...parts, whole];
}

function row({ outcome, name, rule, reference }) {
  const kind = { ok: 'good', FAIL: 'bad', '-': 'faint' }[outcome];
  const mark = element('span', { class: `mark ${kind}` }, outcome);
  const source = element('span', { class: 'source' }, reference);
  return element('li', outcome === '-' ? { class: 'faint' } : {}, mark, element('b', {}, name), ` ${rule} `, source);
}

/** Lines in the form of the example `verify`: a name, two spaces or more, and a value; or sentences, cut for a terminal. */
function prose(text) {
  const parts = [];
  for (const line of text) {
    const value = /^ {0,2}(\S+) {2,}(.+)$/.exec(line);
    const last = parts.at(-1);
    if (value && Array.isArray(last)) last.push(value.slice(1));
    else if (value) parts.push([value.slice(1)]);
    else if (line.startsWith('   ') && Array.isArray(last)) last.at(-1)[1] += ` ${line.trim()}`;
    else if (typeof last === 'string') parts.push(`${parts.pop()} ${line}`);
    else if (line) parts.push(line);
  }
  return parts.map((part) => (Array.isArray(part) ? values(part) : element('p', {}, part)));
}

function values(pairs) {
  return element('dl', {}, ...pairs.flatMap(([name, value]) => [element('dt', {}, name), element('dd', {}, value)]));
}

/** An element with its children. Text stays text: nothing in a token becomes markup. */
function element(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}
