// The AI SDK reads UI message streams: node ai_sdk.mjs [--sdk=PACKAGE] DIRECTORY
// As `useChat` does, by AbstractChat and DefaultChatTransport. The document is that of the last data part, else the input
// of the last tool, else the text; `parts` are all parts of the message; `heard` is what `onData` heard.
import { bodyOf, option, readAll } from './lib.mjs';

const ai = await import(option('sdk') ?? 'ai');

class Chat extends ai.AbstractChat {
  constructor(options) {
    const state = {
      status: 'ready', error: undefined, messages: [],
      pushMessage: m => state.messages.push(structuredClone(m)),
      popMessage: () => state.messages.pop(),
      replaceMessage: (i, m) => { state.messages[i] = structuredClone(m); },
      snapshot: x => structuredClone(x),
    };
    super({ ...options, state });
  }
}

function documentOf(parts) {
  const data = parts.filter(p => p.type.startsWith('data-')).at(-1);
  if (data) return data.data;
  const tool = parts.filter(p => p.type.startsWith('tool-') || p.type === 'dynamic-tool').at(-1);
  if (tool) return tool.input ?? tool.rawInput;
  const text = parts.filter(p => p.type === 'text').map(p => p.text).join('');
  try { return JSON.parse(text); } catch { return text; }
}

await readAll(async bytes => {
  const headers = { 'content-type': 'text/event-stream', 'x-vercel-ai-ui-message-stream': 'v1' };
  const heard = [];
  let finished;
  const chat = new Chat({
    id: 'chat_1',
    transport: new ai.DefaultChatTransport({ api: 'http://localhost/api', fetch: async () => new Response(bodyOf(bytes), { headers }) }),
    onData: part => { if (part.transient) heard.push(part.data); },
    onFinish: f => { finished = f; },
    onError: () => {},
  });
  await chat.sendMessage({ text: 'plan a trip' });
  const last = chat.messages.at(-1);
  const parts = last?.role === 'assistant' ? last.parts : [];
  return {
    document: documentOf(parts), id: last?.id, messages: chat.messages.length, heard, finish: finished?.finishReason,
    status: chat.status, problem: chat.error?.message,
    parts: parts.map(({ type, text, state, toolCallId, input, rawInput, errorText, providerExecuted }) =>
      ({ type, text, state, toolCallId, input: input ?? rawInput, errorText, providerExecuted })),
  };
});
