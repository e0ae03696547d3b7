// What Tab should have reached and did not, and what does not show that it has the focus.
const watch = window.tabWatch;
document.removeEventListener('focusin', watch.listener);
delete window.tabWatch;
document.activeElement?.blur();
const show = (e) => e.outerHTML.slice(0, 160);
return [
  ...watch.wanted.filter((e) => !watch.reached.has(e)).map((e) => `Tab does not reach ${show(e)}`),
  ...[...watch.unseen].map((e) => `the focus is not visible on ${show(e)}`),
];
