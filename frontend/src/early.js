// Runs before the first paint, so that a page whose theme or language is not the system's does not flash.
// The same keys and values as theme.rs and i18n.rs; a file of its own because a strict content security
// policy forbids inline scripts.
(() => {
  const root = document.documentElement;
  const kept = (key) => {
    try {
      return localStorage.getItem(key);
    } catch {
      return null;
    }
  };
  const theme = kept("theme");
  if (theme === "light" || theme === "dark") root.dataset.theme = theme;
  const lang = kept("lang") ?? navigator.language;
  root.lang = lang.toLowerCase().startsWith("zh") ? "zh-CN" : "en";
})();
