// `node hook.mjs MODULE PAGE URL OTHER_URL` runs the hook for React of a page of documentation, in strict mode: first
// with one URL, then with another. Prints what was rendered, and how often a part rendered that did not change.
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const [module, page, url, other] = process.argv.slice(2);
const { createElement, memo, StrictMode } = await import(found('react'));
const { create } = await import(found('react-test-renderer'));

function found(name) {
  const require = createRequire(new URL('../clients/package.json', import.meta.url));
  return pathToFileURL(require.resolve(name)).href;
}

const [, code] = /```js\n(import[^`]*useEffect[^`]*)```/.exec(await readFile(page, 'utf8'));
const text = code.replace("'react'", `'${found('react')}'`).replace("'./streamjson.js'", `'${pathToFileURL(module)}'`);
const { useDocument } = await import(`data:text/javascript,${encodeURIComponent(text)}`);

const counts = {};
const Part = memo(({ name, part }) => {
  counts[name] = (counts[name] ?? 0) + 1;
  return JSON.stringify(part) ?? '';
});

const rendered = [];
let arrived = () => {};
let shown;

function Page({ url }) {
  const { value, status } = useDocument(url);
  rendered.push({ url, value, status });
  if (status === 'done' && value !== shown) arrived((shown = value));
  return Object.entries(value ?? {}).map(([name, part]) => createElement(Part, { key: name, name, part }));
}

globalThis.IS_REACT_ACT_ENVIRONMENT = false;
const inStrictMode = url => createElement(StrictMode, null, createElement(Page, { url }));
const done = () => new Promise(wake => (arrived = wake));

let whole = done();
const root = create(inStrictMode(url));
await whole;
whole = done();
root.update(inStrictMode(other));
await whole;
root.unmount();
console.log(JSON.stringify({ rendered, counts }));
process.exit(0);
