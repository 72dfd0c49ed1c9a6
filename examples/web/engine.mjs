// The WebAssembly in the page, and the questions to it. Nothing here knows the document, so that node can run it too.

/** Unpacks the module: base64 of raw deflate. */
export async function unpack(packed) {
  const bytes = Uint8Array.from(atob(packed), (character) => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate-raw'));
  return WebAssembly.compile(await new Response(stream).arrayBuffer());
}

/** Asks a new instance, so that its memory, with the token in it, is dropped at once. */
export async function ask(module, question) {
  const { memory, allocate, report } = (await WebAssembly.instantiate(module, {})).exports;
  // Half of a surrogate pair is not text: JSON would refuse it.
  const text = question && JSON.stringify(question, (_, value) =>
    typeof value === 'string' ? value.replace(/\p{Surrogate}/gu, '\ufffd') : value);
  const bytes = new TextEncoder().encode(text ?? '');
  const at = allocate(bytes.length);
  new Uint8Array(memory.buffer).set(bytes, at);
  const answer = report(at, bytes.length);
  // Only now: the memory may have grown.
  const length = new DataView(memory.buffer).getUint32(answer, true);
  return JSON.parse(new TextDecoder().decode(new Uint8Array(memory.buffer, answer + 4, length)));
}
