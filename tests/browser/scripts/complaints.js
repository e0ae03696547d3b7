// The fields that are marked as wrong, each with its name and what a screen reader reads as the reason.
const text = (id) => document.getElementById(id)?.innerText ?? `nothing has the id ${id}`;
return [...document.querySelectorAll('[aria-invalid=true]')].map((e) => {
  const reasons = (e.getAttribute('aria-describedby') ?? '').split(' ').filter((id) => id.endsWith('-problem'));
  return `${e.name}: ${reasons.map(text).join(' ')}`;
});
