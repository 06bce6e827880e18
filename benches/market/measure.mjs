// What both pages tell of themselves, once every tick stands in the table.

/** How often the table is looked at, in milliseconds: seldom, since that takes time too. */
const LOOK = 500;

/** `others` gives the bytes in use besides those of JavaScript. */
export async function measure(others) {
  const events = await (await fetch("/events")).json();
  const long_tasks = [];
  const heaps = [];
  let began;
  new PerformanceObserver((list) => {
    for (const task of list.getEntries()) {
      // What loading takes is not what is measured.
      if (began !== undefined && task.startTime > began) long_tasks.push(task.duration);
    }
  }).observe({ type: "longtask" });

  const look = setInterval(() => {
    const cells = document.querySelectorAll(".trades");
    if (cells.length > 0) began ??= performance.now();
    let shown = 0;
    for (const cell of cells) shown += Number(cell.textContent);
    while (shown >= (events * (heaps.length + 1)) / 4 && heaps.length < 4) {
      globalThis.gc();
      heaps.push(performance.memory.usedJSHeapSize + others());
    }
    if (shown >= events) {
      clearInterval(look);
      // An observer is told of a task some time after it has ended.
      setTimeout(() => tell({ shown, long_tasks, heaps }), LOOK);
    }
  }, LOOK);
}

const tell = (told) =>
  fetch("/done", { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(told) });
