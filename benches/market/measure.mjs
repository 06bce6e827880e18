// What each page tells of itself, once every tick stands in the table.

/** How often the table is looked at, in milliseconds: seldom, since that takes time too. */
const LOOK = 500;

/** `others` gives the bytes in use besides those of JavaScript. */
export async function measure(others) {
  const events = await (await fetch("/events")).json();
  const long_tasks = [];
  const heaps = [];
  let began, feed;
  new PerformanceObserver((list) => {
    for (const task of list.getEntries()) {
      // What loading takes is not what is measured.
      if (began !== undefined && task.startTime > began) long_tasks.push(task.duration);
    }
  }).observe({ type: "longtask" });

  // Asks for each frame, as does every page here while ticks come.
  let frames = 0;
  const frame = () => {
    frames += 1;
    requestAnimationFrame(frame);
  };
  frame();

  const look = setInterval(() => {
    const cells = document.querySelectorAll(".trades");
    if (cells.length > 0) began ??= performance.now();
    let shown = 0;
    for (const cell of cells) shown += Number(cell.textContent);
    // Behind the first rows there is a pause.
    if (shown > cells.length) feed ??= { at: performance.now(), frames };
    while (shown >= (events * (heaps.length + 1)) / 4 && heaps.length < 4) {
      globalThis.gc();
      heaps.push(performance.memory.usedJSHeapSize + others());
    }
    if (shown >= events) {
      clearInterval(look);
      const drawn = frames - feed.frames;
      // None if all came between two looks.
      const per_second = drawn > 0 ? (1000 * drawn) / (performance.now() - feed.at) : null;
      // An observer is told of a task some time after it has ended.
      setTimeout(() => tell({ shown, table: table(), frames: per_second, long_tasks, heaps }), LOOK);
    }
  }, LOOK);
}

/** What a row shows, for each row. */
const table = () =>
  Array.from(document.querySelectorAll("tr"), ({ dataset, cells }) =>
    [dataset.direction, ...Array.from(cells, (cell) => cell.textContent)].join(" "),
  );

const tell = (told) =>
  fetch("/done", { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(told) });
