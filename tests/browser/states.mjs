// `node states.mjs MODULE URL OPTIONS [STOP_AT]` connects, and prints each state as a line of JSON, with the text of the
// error. It stops the stream when its value is STOP_AT, in JSON.
const [module, url, options, stopAt] = process.argv.slice(2);
const { connect } = await import(module);

const { abort, ...others } = JSON.parse(options);
const controller = new AbortController();
if (abort === 'before') controller.abort();
const stream = connect(url, { ...others, signal: controller.signal });
stream.subscribe(({ value, status, error }) => {
  console.log(JSON.stringify({ value, status, error: error?.message, code: error?.code }));
  if (stopAt && JSON.stringify(value) === stopAt) abort ? controller.abort() : stream.stop();
});
