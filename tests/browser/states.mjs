// `node states.mjs MODULE URL OPTIONS [VALUE]` connects, and prints each state as a line of JSON, with the text of the error.
// It stops the stream when it has the value, in JSON, and the status of the option `stopAt` (`open`, or `connecting`: in
// the pause between two connections). It ends when nothing is left to be done.
const [module, url, options, value] = process.argv.slice(2);
const { connect } = await import(module);

const { abort, stopAt = 'open', ...others } = JSON.parse(options);
const controller = new AbortController();
if (abort === 'before') controller.abort();
const stream = connect(url, { ...others, signal: controller.signal });
const stop = () => (abort ? controller.abort() : stream.stop());
stream.subscribe(state => {
  const { error } = state;
  console.log(JSON.stringify({ ...state, error: error?.message, code: error?.code }));
  if (value && JSON.stringify(state.value) === value && state.status === stopAt) setTimeout(stop);
});
