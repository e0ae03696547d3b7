// The style rules that move something, and whether each waits for people who do not mind (1) or not (0).
const found = [];
const walk = (rules, calm) => {
  for (const rule of rules) {
    const inner = calm || /prefers-reduced-motion:\s*no-preference/.test(rule.conditionText ?? '');
    if (rule.cssRules?.length) walk(rule.cssRules, inner);
    const style = rule.style;
    if (style && (style.transitionProperty || style.animationName || style.scrollBehavior === 'smooth')) {
      found.push([rule.cssText, inner ? 1 : 0]);
    }
    if (rule instanceof CSSKeyframesRule) found.push([rule.cssText, inner ? 1 : 0]);
  }
};
for (const sheet of document.styleSheets) walk(sheet.cssRules, false);
return found;
