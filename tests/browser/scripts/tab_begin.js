// Prepares to watch where Tab leads: from the top of the page, without anything that moves.
const still = new CSSStyleSheet();
still.replaceSync('*, *::before, *::after { transition: none !important; animation: none !important; }');
document.adoptedStyleSheets = [...document.adoptedStyleSheets, still];
const before = document.activeElement;
before?.blur();
const interactive = 'a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex]';
// Arrow keys move within a group of radio buttons; Tab stops at one of them.
const represented = (e) => e.type === 'radio' && e.name
  && [...document.getElementsByName(e.name)].some((other) => other !== e && other.form === e.form
    && (other.checked || (!e.checked && other.compareDocumentPosition(e) & Node.DOCUMENT_POSITION_FOLLOWING)));
const wanted = [...document.querySelectorAll(interactive)].filter((e) => e.tabIndex >= 0 && !e.matches(':disabled')
  && e.checkVisibility({ visibilityProperty: true }) && !e.closest('[inert]') && !represented(e));
const shadow = new Map(wanted.map((e) => [e, getComputedStyle(e).boxShadow]));
const watch = { before, wanted, reached: new Set(), unseen: new Set() };
watch.listener = ({ target }) => {
  if (watch.reached.has(target)) return;
  watch.reached.add(target);
  const look = getComputedStyle(target);
  const outlined = look.outlineStyle !== 'none' && parseFloat(look.outlineWidth) > 0;
  if (!outlined && look.boxShadow === (shadow.get(target) ?? 'none')) watch.unseen.add(target);
};
document.addEventListener('focusin', watch.listener);
window.tabWatch = watch;
const top = document.documentElement;
top.tabIndex = -1;
top.focus();
top.removeAttribute('tabindex');
watch.reached.clear();
watch.unseen.clear();
