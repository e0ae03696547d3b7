// What every page must have, as sentences about what this one has not.
const problems = [];
const count = (selector) => document.querySelectorAll(selector).length;
const exactly = (number, selector) => {
  if (count(selector) !== number) problems.push(`${count(selector)} ${selector}, not ${number}`);
};
exactly(1, 'h1');
exactly(1, 'main');
exactly(0, 'img:not([alt])');
exactly(0, '[style]');
if (!document.documentElement.lang) problems.push('no lang');
if (!document.title.trim()) problems.push('no title');
const ids = [...document.querySelectorAll('[id]')].map((e) => e.id);
const twice = ids.filter((id, at) => ids.indexOf(id) !== at);
if (twice.length) problems.push(`ids that occur twice: ${twice.join(', ')}`);
return problems;
