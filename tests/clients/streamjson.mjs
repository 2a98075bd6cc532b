// Our own module for browsers reads chunks: node streamjson.mjs [--module=FILE] DIRECTORY
import { bodyOf, option, readAll } from './lib.mjs';

const { connect } = await import(option('module') ?? '../../src/streamjson/browser/streamjson.js');

await readAll(async bytes => {
  const headers = { 'content-type': 'text/event-stream' };
  globalThis.fetch = async () => new Response(bodyOf(bytes), { headers });
  const stream = connect('/', { reconnect: false });
  try {
    for await (const _ of stream);
    return { document: stream.getSnapshot().value };
  } catch (error) {
    return { document: stream.getSnapshot().value, problem: error.message };
  }
});
