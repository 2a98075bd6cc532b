// The page: shows the trip while it grows. What did not change is the same object as before, and is not drawn again.
import { connect } from '/streamjson/streamjson.js';

const byId = id => document.getElementById(id);
const make = (template, target) => target.appendChild(byId(template).content.firstElementChild.cloneNode(true));
const words = { connecting: 'Connecting', open: 'Writing', done: 'Complete', failed: 'Failed', stopped: 'Stopped' };

let drawn = {};

function draw({ value = {}, status, error }) {
  document.body.dataset.status = status;
  byId('status').textContent = error ? `Failed: ${error.message}` : words[status];
  byId('stop').disabled = status !== 'open' && status !== 'connecting';
  byId('days').ariaBusy = !byId('stop').disabled;
  if (value !== drawn) drawTrip(value);
  if (status !== 'open') moveCaret();
}

function drawTrip(value) {
  setText(byId('title'), value.title ?? '');
  for (const input of byId('trip').elements) setField(input, at(value, input.name), value.budget?.currency);
  if (value.weather !== drawn.weather) drawWeather(value.weather);
  if (value.tips !== drawn.tips) drawTips(value.tips ?? []);
  if (value.days !== drawn.days) drawDays(value.days ?? [], drawn.days ?? [], value.budget?.currency);
  drawn = value;
}

const at = (value, path) => path.split('.').reduce((part, step) => part?.[step], value);

function setText(element, text) {
  if (element.textContent === text) return;
  element.textContent = text;
  moveCaret(element);
}

function moveCaret(element) {
  document.querySelector('.growing')?.classList.remove('growing');
  element?.classList.add('growing');
}

function setField(input, value, currency) {
  const text = value === undefined ? '' : input.name.startsWith('budget') ? money(value, currency) : String(value);
  if (input.value === text) return;
  input.value = text;
  input.parentElement.classList.toggle('filled', text !== '');
}

function money(value, currency = 'EUR') {
  try {
    return value.toLocaleString('en', { style: 'currency', currency, maximumFractionDigits: value % 1 ? 2 : 0 });
  } catch {
    return `${value}`; // half of the currency's name is here
  }
}

function drawWeather(weather = {}) {
  const { high_c: high, low_c: low } = weather;
  byId('weather').textContent = high === undefined || low === undefined ? '' : `It will be ${low} to ${high} °C.`;
}

function drawTips(tips) {
  byId('tips').closest('.tips').hidden = !tips.length;
  fill(byId('tips'), tips.length, list => list.appendChild(document.createElement('li')));
  tips.forEach((tip, index) => setText(byId('tips').children[index], tip));
}

function drawDays(days, before, currency) {
  fill(byId('days'), days.length, section => make('day', section));
  days.forEach((day, index) => {
    if (day && day !== before[index]) drawDay(byId('days').children[index], day, before[index], currency);
  });
}

function drawDay(card, day, before, currency) {
  const list = card.querySelector('ol');
  card.querySelector('.number').textContent = `Day ${day.day ?? ''}`;
  card.querySelector('time').textContent = shortDate(day.date);
  setText(card.querySelector('h2'), day.title ?? '');
  const activities = day.activities ?? [];
  fill(list, activities.length, parent => make('activity', parent));
  activities.forEach((activity, index) => {
    if (activity && activity !== before?.activities?.[index]) drawActivity(list.children[index], activity, currency);
  });
  const cost = activities.reduce((sum, activity) => sum + (activity?.cost ?? 0), 0);
  card.querySelector('footer').textContent = cost ? `${money(cost, currency)} this day` : '';
}

function drawActivity(item, { time, place, notes, cost, booked }, currency) {
  item.querySelector('time').textContent = time ?? '';
  setText(item.querySelector('h3'), place ?? '');
  setText(item.querySelector('p'), notes ?? '');
  const facts = [cost === 0 ? 'free' : cost && money(cost, currency), booked && 'booked'];
  item.querySelector('small').textContent = facts.filter(Boolean).join(' · ');
}

function fill(parent, count, add) {
  while (parent.children.length < count) add(parent);
  while (parent.children.length > count) parent.lastElementChild.remove();
}

function shortDate(date = '') {
  const parsed = date.length === 10 ? new Date(`${date}T00:00`) : NaN;
  return Number.isNaN(+parsed) ? date : parsed.toLocaleDateString('en', { weekday: 'short', day: 'numeric', month: 'short' });
}

// The name of the trip stands in the address, so that a page that is reloaded shows the same one.
const name = location.hash.slice(1) || newName();
const trip = connect(`/trips/${encodeURIComponent(name)}`);
trip.subscribe(draw);

byId('stop').onclick = trip.stop;
byId('again').onclick = () => {
  newName();
  location.reload();
};

function newName() {
  const made = Math.random().toString(36).slice(2, 8);
  history.replaceState(null, '', `#${made}`);
  return made;
}
