// `node connections.mjs MODULE INPUT` reads streams over connections that break, and prints how each ended, as JSON.
// INPUT is a list of streams, each a list of the bodies that the server sends, one for each connection, in base64.
import { readFile } from 'node:fs/promises';

const [module, input] = process.argv.slice(2);
const { connect } = await import(module);

function bodyOf(bytes, size) {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at >= bytes.length) return controller.close();
      controller.enqueue(new Uint8Array(bytes.subarray(at, (at += size))));
    },
  });
}

const isWhole = (older, newer) => older.every((text, index) => text === JSON.stringify(newer[index]));

async function read(bodies, number) {
  const asked = [];
  globalThis.fetch = async (_url, { headers }) => {
    const body = bodies[asked.push(headers.get('last-event-id')) - 1];
    if (body === undefined) return new Response('', { status: 410 });
    const pieces = bodyOf(Buffer.from(body, 'base64'), 1 + (number % 100));
    return new Response(pieces, { headers: { 'content-type': 'text/event-stream' } });
  };
  const shown = [];
  const texts = [];
  const stream = connect('/');
  stream.subscribe(({ value }) => {
    shown.push(value);
    texts.push(JSON.stringify(value));
  });
  const iterated = [];
  let error;
  try {
    for await (const value of stream) iterated.push(value);
  } catch (caught) {
    error = caught.message;
  }
  const { value, status } = stream.getSnapshot();
  const problems = [];
  if (!isWhole(texts, shown)) problems.push('a value that was shown was changed');
  if (iterated.length && iterated.at(-1) !== value) problems.push('the last value was not yielded');
  if (iterated.some(each => !shown.includes(each))) problems.push('a value was yielded that was not shown');
  return { value, status, error, asked, problems, shown: [...new Set(texts)] };
}

const results = [];
for (const [number, bodies] of JSON.parse(await readFile(input)).entries()) results.push(await read(bodies, number));
await new Promise(done => process.stdout.write(JSON.stringify(results), done));
process.exit(0);
