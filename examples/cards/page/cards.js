// The page: shows the trip while it grows. What did not change is the same object as before, and is not drawn again.
// The model may not keep to its schema, so nothing here relies on a type.
import { connect } from '/streamjson/streamjson.js';

const byId = id => document.getElementById(id);
const make = (template, target) => target.appendChild(byId(template).content.firstElementChild.cloneNode(true));
const words = { connecting: 'Connecting', open: 'Writing', done: 'Complete', failed: 'Failed', stopped: 'Stopped' };

const textOf = value => (value == null ? '' : String(value));
const listOf = value => (Array.isArray(value) ? value : []);
const at = (value, path) => path.split('.').reduce((part, step) => part?.[step], value);

let drawn = {};

function draw({ value, status, error }) {
  const isLive = status === 'open' || status === 'connecting';
  document.body.dataset.status = status;
  byId('status').textContent = error ? `Failed: ${error.message}` : words[status];
  if (status === 'connecting' && value !== undefined) byId('status').textContent = 'Connection lost, trying again';
  byId('stop').disabled = !isLive;
  byId('days').setAttribute('aria-busy', isLive);
  if ((value ?? {}) !== drawn) drawTrip(value ?? {});
  if (status !== 'open') moveCaret();
}

function drawTrip(trip) {
  const currency = trip.budget?.currency;
  setText(byId('title'), trip.title);
  for (const input of byId('trip').elements) setField(input, at(trip, input.name), currency);
  if (trip.weather !== drawn.weather) drawWeather(trip.weather);
  if (trip.tips !== drawn.tips) drawTips(listOf(trip.tips));
  drawDays(listOf(trip.days), currency === drawn.budget?.currency ? listOf(drawn.days) : [], currency);
  drawn = trip;
}

function setText(element, value) {
  const text = textOf(value);
  if (element.textContent === text) return;
  element.textContent = text;
  moveCaret(element);
}

function moveCaret(element) {
  document.querySelector('.growing')?.classList.remove('growing');
  element?.classList.add('growing');
}

function setField(input, value, currency) {
  const text = input.name.startsWith('budget') ? money(value, currency) : textOf(value);
  if (input.value === text) return;
  input.value = text;
  input.parentElement.classList.toggle('filled', text !== '');
}

function money(value, currency) {
  if (typeof value !== 'number') return textOf(value);
  const maximumFractionDigits = value % 1 ? 2 : 0;
  const isWhole = /^[A-Z]{3}$/.test(currency); // it may be half there
  return value.toLocaleString('en', { maximumFractionDigits, ...(isWhole && { style: 'currency', currency }) });
}

function drawWeather(weather) {
  const isKnown = weather?.high_c !== undefined && weather.low_c !== undefined;
  byId('weather').textContent = isKnown ? `It will be ${weather.low_c} to ${weather.high_c} °C.` : '';
}

function drawTips(tips) {
  byId('tips').closest('.tips').hidden = !tips.length;
  fill(byId('tips'), tips.length, list => list.appendChild(document.createElement('li')));
  tips.forEach((tip, index) => setText(byId('tips').children[index], tip));
}

function drawDays(days, before, currency) {
  fill(byId('days'), days.length, section => make('day', section));
  days.forEach((day, index) => {
    if (day !== before[index]) drawDay(byId('days').children[index], day ?? {}, before[index], currency);
  });
}

function drawDay(card, day, before, currency) {
  const list = card.querySelector('ol');
  card.querySelector('.number').textContent = `Day ${textOf(day.day)}`;
  card.querySelector('time').textContent = shortDate(textOf(day.date));
  setText(card.querySelector('h2'), day.title);
  const activities = listOf(day.activities);
  const drawnBefore = listOf(before?.activities);
  fill(list, activities.length, parent => make('activity', parent));
  activities.forEach((activity, index) => {
    if (activity !== drawnBefore[index]) drawActivity(list.children[index], activity ?? {}, currency);
  });
  const cost = activities.reduce((sum, activity) => sum + (Number(activity?.cost) || 0), 0);
  card.querySelector('footer').textContent = cost ? `${money(cost, currency)} this day` : '';
}

function drawActivity(item, { time, place, notes, cost, booked }, currency) {
  item.querySelector('time').textContent = textOf(time);
  setText(item.querySelector('h3'), place);
  setText(item.querySelector('p'), notes);
  const facts = [cost === 0 ? 'free' : money(cost, currency), booked === true && 'booked'];
  item.querySelector('small').textContent = facts.filter(Boolean).join(' · ');
}

function fill(parent, count, add) {
  while (parent.children.length < count) add(parent);
  while (parent.children.length > count) parent.lastElementChild.remove();
}

function shortDate(date) {
  const parsed = new Date(`${date}T00:00`);
  if (date.length !== 10 || Number.isNaN(+parsed)) return ''; // half of it is here
  return parsed.toLocaleDateString('en', { weekday: 'short', day: 'numeric', month: 'short' });
}

function newName() {
  const made = Math.random().toString(36).slice(2, 8);
  history.replaceState(null, '', `#${made}`);
  return made;
}

// The name of the trip stands in the address, so that a page that is reloaded shows the same one.
const url = `/trips/${encodeURIComponent(location.hash.slice(1) || newName())}`;
const trip = connect(url);
trip.subscribe(draw);

byId('stop').onclick = () => {
  trip.stop();
  fetch(url, { method: 'DELETE' }); // the model stops, too
};
byId('again').onclick = () => {
  newName();
  location.reload();
};
