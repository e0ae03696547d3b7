// Runs axe (it is there already) and answers with a line for every violation; with arguments[0], only of what colours do.
const [colours, done] = arguments;
const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
const describe = (rule) => rule.nodes.slice(0, 5).map((node) => {
  const why = [...node.any, ...node.all, ...node.none].map((check) => check.message).join('; ');
  return `\n    ${node.target.join(' ')}: ${node.html.slice(0, 200)}\n      ${why}`;
}).join('');
const runOnly = colours
  ? { type: 'rule', values: ['color-contrast', 'link-in-text-block'] }
  : { type: 'tag', values: tags };
axe.run(document, { runOnly, resultTypes: ['violations'] }).then(
  (results) => done(results.violations.map(
    (rule) => `${rule.id} (${rule.impact}): ${rule.help}, ${rule.nodes.length} times${describe(rule)}`)),
  (error) => done([`axe failed: ${error}`]));
