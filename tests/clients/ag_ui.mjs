// AG-UI's own client reads the events of a run: node ag_ui.mjs [--client=PACKAGE] DIRECTORY
// HttpAgent: its SSE parser, the order of events, the reducer. The document is the content of the last activity, else the
// arguments of the last call, else the state. A patch that does not apply is a warning only, so a warning is a problem.
import { bodyOf, option, readAll } from './lib.mjs';

const { HttpAgent } = await import(option('client') ?? '@ag-ui/client');
const { warn, error } = console;

await readAll(async bytes => {
  const warnings = [];
  console.warn = (...args) => warnings.push(args.map(String).join(' ').split('\n')[0].slice(0, 300));
  console.error = () => {};
  const reply = async () => new Response(bodyOf(bytes), { headers: { 'content-type': 'text/event-stream' } });
  globalThis.fetch = reply;
  const initialState = JSON.parse(option('state') ?? '{}');
  const agent = new HttpAgent({ url: 'http://localhost/agent', threadId: 'thread_1', fetch: reply, initialState });
  let runError, code, failed, finished = false;
  try {
    await agent.runAgent({ runId: 'run_1' }, {
      onRunErrorEvent: ({ event }) => { runError = event.message; code = event.code; },
      onRunFinishedEvent: () => { finished = true; },
    });
  } catch (e) {
    failed = `${e}`;
  } finally {
    Object.assign(console, { warn, error });
  }
  const calls = agent.messages.flatMap(m => m.toolCalls ?? []);
  const activity = agent.messages.filter(m => m.role === 'activity').at(-1);
  let document = agent.state;
  if (calls.length) try { document = JSON.parse(calls.at(-1).function.arguments); } catch { document = null; }
  if (activity) document = activity.content;
  const messages = agent.messages.map(({ role, content, toolCalls }) =>
    ({ role, content, calls: toolCalls?.map(c => ({ id: c.id, ...c.function })) }));
  return { document, state: agent.state, messages, finished, code, problem: failed ?? runError ?? warnings[0] };
});
