// assistant-ui reads an object stream: node assistant_stream.mjs DIRECTORY
import { fromObjectStreamResponse } from 'assistant-stream';
import { bodyOf, readAll } from './lib.mjs';

await readAll(async bytes => {
  const headers = { 'content-type': 'text/event-stream', 'assistant-stream-format': 'object-stream/v0' };
  let document;
  for await (const chunk of fromObjectStreamResponse(new Response(bodyOf(bytes), { headers }))) document = chunk.snapshot;
  return { document };
});
