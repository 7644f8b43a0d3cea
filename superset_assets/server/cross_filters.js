/* What was clicked, in words, above the charts that it filters: each value with a button that takes it away. A click into
 * a chart is one of Superset's own cross-filters. A dashboard that has some has a text with the link that shows everything
 * again, which is the place for the words. controls.js tells of Superset's state. */
(() => {
  "use strict";
  const ALL = '.dashboard-markdown a[href="#show-everything"]';
  const CLEAR = "[data-test='filter-bar__clear-button']";
  const FEW = 3;
  const NOTHING = { extraFormData: {}, filterState: { value: null, selectedValues: null, filters: null } };
  let store;

  const masks = () => store.getState().dataMask ?? {};

  /** Where the filter of a chart reaches: its charts, where these are few, else all that are in sight. */
  const reach = (id) => {
    const { dashboardInfo, sliceEntities } = store.getState();
    const ids = dashboardInfo.metadata.chart_configuration?.[id]?.crossFilters?.chartsInScope ?? [];
    const names = ids.map((other) => sliceEntities.slices[other]?.slice_name);
    return names.length > FEW ? "" : ` in ${names.join(", ")}`;
  };

  /** What was chosen in each chart, which Superset knows by number: "Country: Canada". */
  const chosen = () =>
    Object.entries(masks()).flatMap(([id, mask]) => {
      const filters = /^\d+$/.test(id) ? (mask.extraFormData?.filters ?? []) : [];
      const { charts, datasources } = store.getState();
      const labels = datasources[charts[id]?.form_data?.datasource]?.verbose_map ?? {};
      const words = filters.map(({ col, val }) => `${labels[col] ?? col}: ${[val].flat().join(", ")}`);
      return words.length ? [{ id, words: words.join(", ") + reach(id) }] : [];
    });

  const remove = (id) => store.dispatch({ type: "UPDATE_DATA_MASK", filterId: id, dataMask: NOTHING });
  const removeAll = () => chosen().forEach(({ id }) => remove(id));

  const button = ({ id, words }) => {
    const node = document.createElement("button");
    node.type = "button";
    node.title = "Show all again";
    node.append("Only ", words);
    node.addEventListener("click", () => remove(id));
    return node;
  };

  const show = () => {
    const link = document.querySelector(ALL);
    if (!link || !store) return;
    const line = link.parentElement;
    const items = chosen();
    const text = JSON.stringify(items);
    const place = line.querySelector(".takings-chosen") ?? document.createElement("span");
    if (place.isConnected && place.dataset.chosen === text) return;
    place.className = "takings-chosen";
    place.dataset.chosen = text;
    place.setAttribute("aria-live", "polite");
    place.replaceChildren(...items.map(button));
    link.before(place);
    line.classList.toggle("takings-filtered", items.length > 0);
  };

  let planned = false;
  const plan = () => {
    if (planned) return;
    planned = true;
    requestAnimationFrame(() => {
      planned = false;
      show();
    });
  };

  document.addEventListener("takings:state", ({ detail }) => {
    store = detail;
    store.subscribe(plan);
    plan();
  });
  new MutationObserver(plan).observe(document.documentElement, { childList: true, subtree: true });
  document.addEventListener("click", (event) => {
    const on = (selector) => event.target.closest?.(selector);
    if (!store || !(on(ALL) || on(CLEAR))) return;
    if (on(ALL)) event.preventDefault();
    removeAll();
  }, true);
})();
