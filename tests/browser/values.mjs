// `node values.mjs MODULE INPUT` applies deltas with the module, and prints what each comes to, as JSON.
// INPUT is JSON: `paths`, and `streams`, each a list of [path, delta]. Of a stream it prints the value and the problems:
// a value that was changed later, or a part that is another object although nothing in it changed.
import { readFile } from 'node:fs/promises';

const [module, input] = process.argv.slice(2);
const { parsePath, withDelta } = await import(module);
const { paths, streams } = JSON.parse(await readFile(input));

function attempt(work) {
  try {
    return { value: work() };
  } catch (error) {
    return { error: error.message };
  }
}

function read(chunks) {
  const problems = [];
  const values = [];
  let value;
  for (const [path, delta] of chunks) {
    const { value: next, error } = attempt(() => withDelta(value, path, delta));
    if (error) return { value, problems, error };
    if (!keepsOthers(value, next, parsePath(path))) problems.push(`other parts changed at ${path}`);
    value = next;
    values.push([value, JSON.stringify(value)]);
  }
  if (values.some(([value, text]) => JSON.stringify(value) !== text)) problems.push('an old value was changed');
  return { value, problems };
}

// Whether all parts that are not on the way to a location are the same objects.
function keepsOthers(old, next, [step, ...rest]) {
  if (step === undefined || old == null || old === next) return true;
  return (
    Object.keys(old).every(name => name === String(step) || old[name] === next[name]) &&
    keepsOthers(old[step], next[step], rest)
  );
}

const results = { paths: paths.map(path => attempt(() => parsePath(path))), streams: streams.map(read) };
await new Promise(done => process.stdout.write(JSON.stringify(results), done));
