// openai (npm) reads chunks of chat completions: node openai_chat.mjs DIRECTORY
import OpenAI from 'openai';
import { bodyOf, readAll } from './lib.mjs';

await readAll(async bytes => {
  const fetch = async () => new Response(bodyOf(bytes), { headers: { 'content-type': 'text/event-stream' } });
  const client = new OpenAI({ apiKey: 'none', baseURL: 'http://localhost/v1', maxRetries: 0, fetch });
  const stream = client.chat.completions.stream({
    model: 'trip-1', messages: [{ role: 'user', content: 'a trip' }],
    tools: [{ type: 'function', function: { name: 'trip', parameters: { type: 'object', properties: {} } } }],
  });
  stream.on('error', () => {});
  const { choices: [{ message, finish_reason: finish }] } = await stream.finalChatCompletion();
  const calls = (message.tool_calls ?? []).map(c => ({ id: c.id, ...c.function }));
  const text = calls.length ? calls.at(-1).arguments : message.content;
  let document;
  try { document = JSON.parse(text); } catch { document = text; }
  return { document, text: message.content, calls, finish };
});
