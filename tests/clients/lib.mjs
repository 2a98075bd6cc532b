// What the programs share: `node PROGRAM.mjs DIRECTORY` reads each file in the directory as the body of a response, and
// prints what the client made of each, and the seconds of processor time that it took, as one JSON object.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

// A body in pieces of seven bytes, or of `--piece` bytes: they cut lines and characters, as networks do.
export function bodyOf(bytes, size = Number(option('piece') ?? 7)) {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at >= bytes.length) return controller.close();
      controller.enqueue(new Uint8Array(bytes.subarray(at, (at += size))));
    },
  });
}

export const option = name => process.argv.find(a => a.startsWith(`--${name}=`))?.slice(name.length + 3);

export async function readAll(read) {
  const directory = process.argv.slice(2).find(a => !a.startsWith('--'));
  const results = {};
  for (const name of (await readdir(directory)).sort()) {
    const bytes = new Uint8Array(await readFile(join(directory, name)));
    const before = process.cpuUsage();
    try {
      results[name] = await read(bytes);
    } catch (error) {
      results[name] = { problem: `${error}` };
    }
    const { user, system } = process.cpuUsage(before);
    results[name].cpu_s = (user + system) / 1e6;
  }
  await new Promise(done => process.stdout.write(JSON.stringify(results), done));
  process.exit(0); // some clients keep timers
}
