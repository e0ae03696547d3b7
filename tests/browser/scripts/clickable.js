// The visible things to click on whose name is arguments[0]; else those whose name has it. With arguments[1], only
// those in a row, a list item, a form or a section that shows that text.
const [wanted, context] = arguments;
const flat = (text) => (text ?? '').replace(/\s+/g, ' ').trim();
const name = (e) => flat(e.getAttribute('aria-label') || e.innerText || e.value || e.querySelector('img')?.alt);
const around = 'tr, li, article, fieldset, form, dialog, nav, section, main';
const found = [...document.querySelectorAll(
  'a[href], button, summary, label, input[type=submit], input[type=button], [role=button], [role=tab], [role=menuitem]')]
  .filter((e) => e.checkVisibility({ visibilityProperty: true }))
  .filter((e) => !context || flat(e.closest(around)?.innerText).includes(flat(context)));
const exact = found.filter((e) => name(e) === flat(wanted));
return exact.length ? exact : found.filter((e) => name(e).includes(flat(wanted)));
