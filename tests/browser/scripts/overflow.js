// Nothing when the page is no wider than its window; else what sticks out.
const width = window.innerWidth;
if (document.scrollingElement.scrollWidth <= width) return null;
const clipped = (e) => {
  for (let up = e.parentElement; up && up !== document.body; up = up.parentElement) {
    if (getComputedStyle(up).overflowX !== 'visible') return true;
  }
  return false;
};
const outside = [...document.body.querySelectorAll('*')]
  .filter((e) => e.getBoundingClientRect().right > width + 0.5 && !clipped(e));
const shown = outside.slice(0, 5).map((e) => e.outerHTML.slice(0, 120));
return `${document.scrollingElement.scrollWidth} px wide in a window of ${width}: ${shown.join(' | ')}`;
