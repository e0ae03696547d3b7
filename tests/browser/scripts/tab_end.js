// What Tab should have reached and did not, and what does not show that it has the focus. The focus goes back.
const watch = window.tabWatch;
document.removeEventListener('focusin', watch.listener);
delete window.tabWatch;
document.activeElement?.blur();
watch.before?.focus();
const show = (e) => e.outerHTML.slice(0, 160);
return [
  ...watch.wanted.filter((e) => !watch.reached.has(e)).map((e) => `Tab does not reach ${show(e)}`),
  ...[...watch.unseen].map((e) => `the focus is not visible on ${show(e)}`),
];
