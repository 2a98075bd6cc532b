// useObject of the AI SDK reads JSON text that grows: node json_text.mjs DIRECTORY
import { parsePartialJson } from 'ai';
import { bodyOf, readAll } from './lib.mjs';

await readAll(async bytes => {
  let text = '', document, state, problem;
  for await (const piece of bodyOf(bytes).pipeThrough(new TextDecoderStream())) {
    ({ value: document, state } = await parsePartialJson((text += piece)));
    if (state === 'failed-parse') problem ??= `no beginning of JSON: ${text}`;
  }
  return { document, problem: problem ?? (state === 'successful-parse' ? undefined : `not whole: ${state}`) };
});
