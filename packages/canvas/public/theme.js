// Runs before the first paint. Without a stored choice the stylesheet follows the system.
(() => {
  try {
    const choice = localStorage.getItem('molecule.theme');
    if (choice === 'light' || choice === 'dark') document.documentElement.dataset.theme = choice;
  } catch {
    // Storage may be blocked; the system theme is then the right answer.
  }
})();
