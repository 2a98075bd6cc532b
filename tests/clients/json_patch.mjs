// fast-json-patch, as it is and validating as AG-UI calls it, and immer apply patches; with --only=plain the first alone.
// node json_patch.mjs [--lines=1] [--only=plain] DIRECTORY
import fastJSONPatch from 'fast-json-patch';
import { applyPatches, enablePatches, isDraftable } from 'immer';
import { isDeepStrictEqual } from 'node:util';
import { option, readAll } from './lib.mjs';

enablePatches();
const { applyPatch } = fastJSONPatch;

// immer's paths are steps, and it knows no `add` at the root.
function toImmer(document, { op, path, value }) {
  let at = document;
  const steps = path.split('/').slice(1).map(raw => {
    const key = raw.replaceAll('~1', '/').replaceAll('~0', '~');
    const step = Array.isArray(at) ? Number(key) : key;
    at = at?.[step];
    return step;
  });
  return { op: steps.length ? op : 'replace', path: steps, value };
}

function* patchesOf(text) {
  if (option('lines')) {
    for (const line of text.split('\n').filter(Boolean)) yield JSON.parse(line);
    return;
  }
  for (const block of text.split('\n\n')) {
    const lines = block.split('\n').filter(line => !line.startsWith(':'));
    const data = lines.find(line => line.startsWith('data: '))?.slice(6);
    if (data === '[DONE]') { yield 'done'; return; }
    if (lines.includes('event: failed')) { yield JSON.parse(data).message; return; }
    if (data !== undefined) yield JSON.parse(data);
  }
}

await readAll(async bytes => {
  let plain = null, strict = null, immer = null, ended = null;
  for (const patch of patchesOf(new TextDecoder().decode(bytes))) {
    if (typeof patch === 'string') { ended = patch; break; }
    if (option('only')) { plain = applyPatch(plain, patch).newDocument; continue; }
    strict = applyPatch(strict, structuredClone(patch), true, false).newDocument;
    plain = applyPatch(plain, structuredClone(patch)).newDocument;
    for (const operation of patch) {
      const one = toImmer(immer, operation);
      immer = isDraftable(immer) ? applyPatches(immer, [one]) : one.value;
    }
  }
  const differs = !option('only') && (!isDeepStrictEqual(plain, strict) || !isDeepStrictEqual(plain, immer));
  const problem = differs ? 'the libraries differ' : ended === 'done' || option('lines') ? undefined : `ended by ${ended}`;
  return { document: plain, problem: ended && ended !== 'done' ? ended : problem };
});
