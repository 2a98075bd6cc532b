/**
 * A growing document, from a stream of deltas and paths.
 *
 *     import { connect } from './streamjson.js';
 *     connect('/trip').subscribe(({ value }) => show(value));
 *
 * Values never change; the next one shares what stayed.
 *
 * @typedef {{ value: any, status: 'connecting' | 'open' | 'done' | 'failed' | 'stopped', error?: any }} State
 */

/** @type {(message: string, code?: string) => never} */
const fail = (message, code) => {
  throw Object.assign(Error(message), { code });
};

/** @param {any} value */
const kindOf = value =>
  value == null ? '' : Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'number' : typeof value;

/** Return the steps of a path. @param {string} path */
export function parsePath(path) {
  const steps = [];
  const step = /(?:^|\.)([^.[\]'"][^.[\]]*)|\[(?:(0|[1-9]\d*)|(["'])((?:\\[^]|(?!\3)[^\\])*)\3)\]/y;
  step.lastIndex = /^\$(?![^.[])/.test(path) ? 1 : 0;
  while (step.lastIndex < path.length) {
    const [, name, index, , quoted] = step.exec(path) ?? fail(`not a path: ${path}`);
    const text = quoted?.replace(/\\[^]|"/g, c => (c === "\\'" ? "'" : c === '"' ? '\\"' : c));
    steps.push(name ?? (index ? Number(index) : JSON.parse(`"${text}"`)));
  }
  return steps;
}

/** Return a value with a delta at a path. @param {string} path @param {any} delta */
export function withDelta(/** @type {any} */ value, path, delta) {
  const steps = parsePath(path);
  /** @type {(old: any, depth: number) => any} */
  const changed = (old, depth) => {
    const step = steps[depth];
    const isIndex = typeof step === 'number';
    const was = kindOf(old);
    const is = depth === steps.length ? kindOf(delta) : isIndex ? 'array' : 'object';
    if ((was && is && was !== is) || (isIndex && step - (old?.length ?? 0) > 1024)) {
      fail(`the delta does not fit at ${path}`);
    }
    if (depth === steps.length) return was && is === 'string' ? old + delta : delta;
    const before = was && Object.hasOwn(old, step) ? old[step] : undefined;
    const after = changed(before, depth + 1);
    if (after === before) return old;
    if (!isIndex) return { ...old, [step]: after };
    const next = [...(old ?? [])];
    while (next.length < step) next.push(null);
    next[step] = after;
    return next;
  };
  return changed(value, 0);
}

/**
 * Read a stream to its end. Options: those of `fetch`; `reconnect`, whether to ask again; `idleMs`, the longest silence.
 * @param {string | URL} url
 * @param {RequestInit & { reconnect?: boolean, idleMs?: number }} options
 */
export function connect(url, options = {}) {
  const { method = 'GET', reconnect = /^get$/i.test(method), idleMs = 60000 } = options;
  const headers = new Headers(options.headers);
  headers.set('accept', 'text/event-stream');
  const abort = new AbortController();
  const listeners = new Set();
  /** @type {any[]} */
  const waiting = [];
  /** @type {State} */
  let state = { value: undefined, status: 'connecting' };
  let { value } = state;
  let committed = value; // the value at the last id
  let lastEventId = '';
  let retryMs = 1000;

  const wake = () => waiting.splice(0).forEach(done => done());
  const whole = () => (lastEventId ? committed : value);

  /** @param {State['status']} status @param {any} [error] */
  function show(status, value = state.value, error) {
    if (abort.signal.aborted) return;
    state = { value, status, error };
    if (!['open', 'connecting'].includes(status)) abort.abort();
    listeners.forEach(call => {
      try {
        call(state);
      } catch (error) {
        console.error(error);
      }
    });
    wake();
  }

  /** @param {Record<string, string>} event */
  function take({ data, event = 'message', id, retry }) {
    retryMs = Number(retry) || retryMs;
    if (data?.trim() === '[DONE]') show('done', value);
    else if (data) {
      const chunk = data.startsWith('{') ? JSON.parse(data) : { error: event === 'message' ? data : null };
      const { delta, json_path: path = chunk.jsonPath, error } = chunk;
      const message = chunk.error_message ?? chunk.errorMessage ?? error?.message ?? error;
      if (path == null ? delta : delta !== undefined) value = withDelta(value, path ?? '', delta);
      if (message != null || [event, chunk.chunk_type, chunk.type].includes('error')) fail(message || data, chunk.error_type);
    }
    if (id !== undefined) [committed, lastEventId] = [id ? value : undefined, id];
  }

  async function read(/** @type {any} */ body) {
    const reader = body.getReader();
    const decoder = new TextDecoder();
    let text = '';
    /** @type {any} */
    let event = {};
    for (;;) {
      const timer = setTimeout(() => reader.cancel(), Math.min(idleMs, 2e9));
      const piece = await reader.read().catch(() => ({ done: true }));
      clearTimeout(timer);
      if (piece.done) return;
      const lines = (text + decoder.decode(piece.value, { stream: true })).split(/\r\n|\n|\r(?=[^])/);
      text = lines.pop() ?? '';
      for (const line of text === '\r' ? [...lines, ''] : lines) {
        const [name] = line.split(':', 1);
        const content = line.slice(name.length + 1).replace(/^ /, '');
        if (line) event[name] = name === 'data' && event.data ? `${event.data}\n${content}` : content;
        else {
          take(event);
          event = {};
        }
      }
      if (whole() !== state.value) show('open', whole());
    }
  }

  async function run() {
    await null; // for a stop at once
    for (let failures = 0; ; ) {
      let problem = 'the stream broke off';
      const id = lastEventId;
      headers.delete('last-event-id');
      if (id) headers.set('last-event-id', id);
      const response = await fetch(url, { cache: 'no-store', ...options, headers, signal: abort.signal }).catch(String);
      if (typeof response === 'string') problem = response;
      else if (response.status === 204) show('done', value);
      else {
        const answer = `${response.status} ${response.headers.get('content-type')}`;
        if (/^200 text\/event-stream/i.test(answer)) {
          show('open');
          await read(response.body);
        } else {
          problem = `${url} answered ${answer}`;
          if (!/^(408|425|429|5)/.test(answer)) fail(problem);
        }
      }
      failures = lastEventId === id ? failures + 1 : 0;
      if (!reconnect || failures > 8) fail(problem);
      value = committed;
      show('connecting');
      if (abort.signal.aborted) return;
      await new Promise(done => {
        const timer = setTimeout(done, Math.min(retryMs * 2 ** failures, 30000) * (0.5 + Math.random() / 2));
        waiting.push(() => done(clearTimeout(timer)));
      });
    }
  }
  globalThis.addEventListener?.('online', wake, { signal: abort.signal });
  run().catch(error => show('failed', whole(), error));

  const stop = () => show('stopped');
  options.signal?.addEventListener('abort', stop, { signal: abort.signal });
  if (options.signal?.aborted) stop();
  return {
    stop,
    getSnapshot: () => state,
    /** Call a function now and at each change. @param {(state: State) => void} listener */
    subscribe(listener) {
      listeners.add(listener);
      listener(state);
      return () => listeners.delete(listener);
    },
    /** Yield the newest value; throws at a failure. */
    async *[Symbol.asyncIterator]() {
      for (let shown; ; ) {
        if (state.value !== shown) yield (shown = state.value);
        else if (state.error) throw state.error;
        else if (abort.signal.aborted) return;
        else await new Promise(done => waiting.push(done));
      }
    },
  };
}
