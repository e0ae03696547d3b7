// The visible controls of forms.
return [...document.querySelectorAll('input:not([type=hidden], [type=submit], [type=button]), select, textarea')]
  .filter((e) => e.checkVisibility({ visibilityProperty: true }));
