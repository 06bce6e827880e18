// Runs before the first paint, so that a page whose theme or language is not the system's does not flash, and says so
// if the program does not come. The same keys and values as theme.rs and i18n.rs; a file of its own because a strict
// content security policy forbids inline scripts.
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
  if (theme === "light" || theme === "dark") {
    root.dataset.theme = theme;
    for (const name of ["light", "dark"]) {
      document.getElementById(`color-${name}`).media = name === theme ? "all" : "not all";
    }
  }
  const lang = kept("lang") ?? navigator.language;
  root.lang = lang.toLowerCase().startsWith("zh") ? "zh-CN" : "en-GB";

  // The program takes the skeleton away when it begins.
  const tell = () => {
    const skeleton = document.getElementById("skeleton");
    const panel = skeleton?.querySelector(".panel");
    if (!panel || panel.childElementCount > 0) return;
    skeleton.removeAttribute("aria-busy");
    const say = (name, text) => Object.assign(document.createElement(name), { textContent: text });
    const said = say("p", "This page could not be loaded, or takes unusually long. ");
    said.setAttribute("role", "alert");
    said.lang = "en";
    const inChinese = say("span", "页面无法加载，或加载时间过长。");
    inChinese.lang = "zh-CN";
    const again = say("a", "Reload / 重新加载");
    again.className = "button";
    again.href = location.href;
    again.addEventListener("click", (click) => {
      click.preventDefault();
      location.reload();
    });
    said.append(inChinese);
    panel.append(said, again);
  };
  // A script that is not found is told of by no event that bubbles.
  addEventListener("error", tell, true);
  addEventListener("unhandledrejection", tell);
  setTimeout(tell, 20_000);
})();
