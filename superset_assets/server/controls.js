/* The controls above a dashboard: presets that change the range on the page, a range in words with both ends, the
 * comparison, and links that keep all of them. Everything is a choice in Superset's own filters: it is stored, shared
 * and sent like a choice in the filter bar. Where Superset's state is not found, the page works as without this script:
 * the presets are links, and the filter bar stands above the dashboard. */
(() => {
  "use strict";
  document.documentElement.lang ||= "en"; // Superset's pages do not say their language to a screen reader
  const DATE = "NATIVE_FILTER-date_range";
  const PERIOD = "NATIVE_FILTER-period";
  const COMPARISON = "NATIVE_FILTER-comparison";
  const TENANT = "NATIVE_FILTER-tenant";
  const REPLACED = [DATE, PERIOD, COMPARISON]; // the filters that these controls stand for
  const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");
  const DAY = 86400000;
  const MINUTE = 60000;
  // each comparison: its words, Superset's offsets, and the value of Home's filter
  const COMPARISONS = [
    { words: "the period before", offsets: ["inherit"], value: "the period before" },
    { words: "a year before", offsets: ["1 year ago"], value: "the same days a year ago" },
    { words: "nothing", offsets: [], value: "nothing" },
  ];
  // the grains of charts that follow the range (grain.py); by default its length decides
  const STEPS = { P1D: "day", P1W: "week", P1M: "month" };
  const PRESETS = '.dashboard-markdown a[href^="?native_filters"]';
  const BOARDS = '.dashboard-markdown a[href^="/superset/dashboard/"]';
  const APPLY = "[data-test='filter-bar__apply-button']:not([disabled])";
  const CLEAR = "[data-test='filter-bar__clear-button']";

  let store; // Superset's state: filters, and the choice of each ("mask")
  let stopListening = () => {};
  let offsets; // of the comparison that was chosen; undefined: each chart has its own
  let grain; // that was chosen; undefined: the length of the range decides
  let choosing = false; // a value was chosen in the filter bar, and not applied yet
  let askedFor; // the range whose days were asked for last
  let bar;

  // --- rison, the notation of choices in an address

  const read = (text) => {
    let at = 0;
    const list = (end, item) => {
      const items = [];
      while (text[at] !== end && at < text.length) {
        items.push(item());
        if (text[at] === ",") at += 1;
      }
      at += 1;
      return items;
    };
    const quoted = () => {
      let word = "";
      for (at += 1; text[at] !== "'" && at < text.length; at += 1) {
        if (text[at] === "!") at += 1;
        word += text[at];
      }
      at += 1;
      return word;
    };
    const bare = () => {
      const [word] = text.slice(at).match(/^[^:,()!']+/) || [""];
      at += word.length || 1;
      return word;
    };
    const value = () => {
      if (text[at] === "(") {
        at += 1;
        const pair = () => {
          const key = text[at] === "'" ? quoted() : bare();
          at += 1;
          return [key, value()];
        };
        return Object.fromEntries(list(")", pair));
      }
      if (text[at] === "'") return quoted();
      if (text[at] !== "!") {
        const word = bare();
        return word !== "" && !Number.isNaN(Number(word)) ? Number(word) : word;
      }
      at += 2;
      return text[at - 1] === "(" ? list(")", value) : { t: true, f: false, n: null }[text[at - 1]];
    };
    return value();
  };

  const write = (value) => {
    if (value === null || value === undefined) return "!n";
    if (typeof value === "boolean") return value ? "!t" : "!f";
    if (typeof value === "number") return String(value);
    if (typeof value === "string") return `'${value.replace(/[!']/g, "!$&")}'`;
    if (Array.isArray(value)) return `!(${value.map(write).join(",")})`;
    const pairs = Object.entries(value).filter(([, item]) => item !== undefined);
    const key = (name) => (/^[A-Za-z_][\w-]*$/.test(name) ? name : write(name));
    return `(${pairs.map(([name, item]) => `${key(name)}:${write(item)}`).join(",")})`;
  };

  // a range and a grain that Home has no filter for pass through its address
  grain = read(new URLSearchParams(window.location.search).get("native_filters") ?? "()")[DATE]
    ?.extraFormData?.time_grain_sqla;

  // --- Superset's state

  const findStore = () => {
    const root = document.getElementById("app");
    const key = root && Object.keys(root).find((name) => name.startsWith("__reactContainer$"));
    const waiting = key ? [root[key]] : [];
    for (let count = 0; waiting.length && count < 2000; count += 1) {
      const fiber = waiting.shift();
      const found = fiber.memoizedProps && fiber.memoizedProps.store;
      if (found && found.getState && found.dispatch && found.subscribe) return found;
      waiting.push(...[fiber.child, fiber.sibling].filter(Boolean));
    }
    return undefined;
  };

  const filters = () => store.getState().nativeFilters?.filters ?? {};
  const masks = () => store.getState().dataMask ?? {};
  const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);
  const range = () => masks()[DATE]?.filterState?.value;
  const set = (id, mask) => store.dispatch({ type: "UPDATE_DATA_MASK", filterId: id, dataMask: mask });
  const masksOf = (link) => read(new URLSearchParams(link.search).get("native_filters") ?? "()");
  const isChosen = (link) => {
    const here = Object.entries(masksOf(link)).filter(([id]) => id in filters());
    return here.length > 0 && here.every(([id, mask]) => same(masks()[id]?.filterState?.value, mask.filterState.value));
  };

  /** The chosen offsets: those of the date filter, or those that Home's value stands for; undefined by default. */
  const chosenOffsets = () => {
    if (!(COMPARISON in filters())) return masks()[DATE]?.extraFormData?.time_compare;
    const [value] = masks()[COMPARISON]?.filterState?.value ?? [];
    return COMPARISONS.slice(1).find((item) => item.value === value)?.offsets;
  };

  const rangeMask = (expression) => ({
    id: DATE,
    extraFormData: {
      time_range: expression,
      ...(offsets && { time_compare: offsets }),
      ...(grain && { time_grain_sqla: grain }),
    },
    filterState: { value: expression },
    ownState: {},
  });

  const comparisonMask = (compared) => {
    const item = COMPARISONS.find((candidate) => same(candidate.offsets, compared)) ?? COMPARISONS[0];
    return {
      id: COMPARISON,
      extraFormData: { filters: [{ col: "comparison_label", op: "IN", val: [item.value] }] },
      filterState: { value: [item.value], label: item.value, validateStatus: false },
      ownState: {},
    };
  };

  const setRange = (expression) => set(DATE, rangeMask(expression));

  const choose = (link) => {
    for (const [id, mask] of Object.entries(masksOf(link))) {
      if (!(id in filters())) continue;
      if (id === DATE) setRange(mask.filterState.value);
      else set(id, mask);
    }
  };

  const compare = (item) => {
    offsets = item.offsets;
    if (COMPARISON in filters()) set(COMPARISON, comparisonMask(offsets));
    if (DATE in filters()) setRange(range());
  };

  const followers = () => Object.values(store.getState().charts ?? {})
    .filter((chart) => chart.form_data?.time_grain_sqla === "auto");

  /** The grain that the length of the range gave, as an answer says it. */
  const automatic = () => followers().map((chart) => chart.queriesResponse?.[0]?.points?.grain).find(Boolean);

  const restoreDefaults = () => {
    offsets = undefined;
    grain = undefined;
    for (const [id, filter] of Object.entries(filters())) {
      const stays = filter.controlValues?.enableEmptyFilter && !filter.defaultDataMask?.filterState?.value;
      if (!stays) set(id, { id, ownState: {}, ...filter.defaultDataMask }); // one value is needed, and any is right
    }
  };

  // --- days in words

  const day = (text) => new Date(`${text.slice(0, 10)}T00:00:00Z`);
  const iso = (date) => date.toISOString().slice(0, 10);
  const after = (date, days) => new Date(date.getTime() + days * DAY);

  /** Both days in words, without what they share: 1 – 29 Nov 2026. */
  const words = (first, last) => {
    const parts = (date) => [date.getUTCDate(), MONTHS[date.getUTCMonth()], date.getUTCFullYear()];
    const [begin, end] = [parts(first), parts(last)];
    if (same(begin, end)) return end.join(" ");
    const shared = begin[2] !== end[2] ? 3 : begin[1] !== end[1] ? 2 : 1;
    return `${begin.slice(0, shared).join(" ")} – ${end.join(" ")}`;
  };

  const known = new Map(); // the days of each range that was asked for

  /** Ask for the days of ranges in Superset's notation, which excludes its end: the server knows the shop's today, and
   * ends a range with yesterday that would go on. */
  const ask = async (expressions) => {
    const search = write(expressions.map((timeRange) => ({ timeRange })));
    const address = `/api/v1/time_range/?q=${encodeURIComponent(search)}`;
    const answer = await fetch(address, { priority: "high", cache: "reload" }); // a new day may have begun
    for (const { timeRange, since, until } of (await answer.json()).result) {
      if (since && until) known.set(timeRange, [day(since), after(day(until), /T00:00:00/.test(until) ? -1 : 0)]);
    }
  };

  const daysOf = (expression) => {
    const days = expression.match(/^(\d{4}-\d\d-\d\d) : (\d{4}-\d\d-\d\d)$/);
    return known.get(expression) ?? (days && [day(days[1]), after(day(days[2]), -1)]);
  };

  const showDays = () => {
    const button = bar?.querySelector("button");
    const days = button && daysOf(range() ?? "");
    const text = days ? words(...days) : "Other days";
    if (!button || button.textContent === text) return;
    button.textContent = text;
    const free = bar.querySelector(".takings-free");
    if (days && !free.contains(document.activeElement)) {
      free.querySelectorAll("input").forEach((input, end) => { input.value = iso(days[end]); });
    }
  };

  const askAndShow = async () => {
    const presets = [...document.querySelectorAll(PRESETS)].map((link) => masksOf(link)[DATE]?.filterState?.value);
    const expressions = new Set([...presets, range()].filter(Boolean));
    askedFor = range();
    if (!(DATE in filters()) || document.visibilityState !== "visible") return;
    await ask([...expressions]).catch(() => {}); // without an answer the days stay as they are
    showDays();
  };

  // --- what stands on the page

  const make = (tag, attributes, ...children) => {
    const node = document.createElement(tag);
    Object.entries(attributes).forEach(([name, value]) => node.setAttribute(name, value));
    node.append(...children);
    return node;
  };

  const daysControl = () => {
    const input = (name) => make("input", { type: "date", name, required: "" });
    const [from, to] = [input("from"), input("to")];
    const free = make("span", { class: "takings-free", id: "takings-free", hidden: "" },
      make("label", {}, "From ", from), make("label", {}, "to ", to));
    const button = make("button", { type: "button", "aria-expanded": "false", "aria-controls": "takings-free",
      title: "Choose a first and a last day" }, "…");
    button.addEventListener("click", () => {
      free.hidden = !free.hidden;
      button.setAttribute("aria-expanded", String(!free.hidden));
    });
    free.addEventListener("change", () => {
      to.setCustomValidity(from.value > to.value ? "The last day is before the first." : "");
      if (!from.checkValidity() || !to.reportValidity()) return;
      const expression = `${from.value} : ${iso(after(day(to.value), 1))}`;
      if (DATE in filters()) setRange(expression);
      else window.location.assign(elsewhere(expression));
    });
    return [button, free];
  };

  const comparisonControl = () => {
    const select = make("select", {}, ...COMPARISONS.map((item) => make("option", {}, item.words)));
    select.addEventListener("change", () => compare(COMPARISONS[select.selectedIndex]));
    const label = [make("span", { class: "takings-long" }, "Compared with "), make("span", {}, "vs ")];
    return make("label", {}, ...label, select);
  };

  const grainControl = () => {
    const options = Object.entries(STEPS).map(([value, step]) => make("option", { value }, `by ${step}`));
    const select = make("select", { class: "takings-grain", "aria-label": "Points of charts over time" },
      make("option", { value: "" }, "automatic"), ...options);
    select.addEventListener("change", () => {
      grain = select.value || undefined;
      setRange(range());
    });
    return select;
  };

  const showGrain = () => {
    const select = bar?.querySelector(".takings-grain");
    if (!select) return;
    const step = grain ? undefined : STEPS[automatic()];
    const text = step ? `automatic: ${step}s` : "automatic";
    if (select.options[0].textContent !== text) select.options[0].textContent = text;
    select.value = grain ?? "";
    select.hidden = !(DATE in filters()) || !followers().length;
  };

  const place = (row) => {
    bar = make("div", { class: "takings-bar" }, ...daysControl(), comparisonControl(), grainControl());
    row.after(bar);
    askAndShow();
  };

  const links = (chosen) => {
    const carried = chosen ? masksOf(chosen) : {};
    const expression = range() ?? carried[DATE]?.filterState?.value;
    if (expression) carried[DATE] = rangeMask(expression);
    if (offsets) carried[COMPARISON] = comparisonMask(offsets);
    for (const [id, mask] of Object.entries(masks())) {
      if (id in filters() && !REPLACED.includes(id) && mask.filterState?.value) carried[id] = mask;
    }
    return `?native_filters=${encodeURIComponent(write(carried))}`;
  };

  /** Where Superset has no filter bar, which keeps the choices, the address does: for a reload, and to be sent. */
  const keepInAddress = (search) => {
    if (store.getState().dashboardInfo?.metadata?.show_native_filters !== false) return;
    const chosen = Object.entries(filters()).some(
      ([id, filter]) => !same(masks()[id]?.extraFormData, filter.defaultDataMask?.extraFormData));
    const own = new URLSearchParams(location.search);
    own.delete("native_filters");
    own.delete("native_filters_key");
    const rest = own.size ? `&${own}` : "";
    const address = new URL(location.href); // written as the browser does, so that equal ones are equal
    address.search = chosen ? search + rest : rest.replace("&", "?");
    // browsers ignore what is written after a few hundred times
    if (address.href !== location.href) history.replaceState(history.state, "", address.href);
  };

  /** The Executive Summary, or else another dashboard, with a range that Home has not. */
  const elsewhere = (expression) => {
    const boards = [...document.querySelectorAll(BOARDS)];
    const board = boards.find((link) => link.pathname.includes("executive-summary")) ?? boards[0];
    return `${board.pathname}?native_filters=${encodeURIComponent(write({ [DATE]: rangeMask(expression) }))}`;
  };

  const show = () => {
    const presets = [...document.querySelectorAll(PRESETS)];
    if (!presets.length || !store) return;
    const chosen = presets.find(isChosen);
    presets.forEach((link) => {
      if (link !== chosen) link.removeAttribute("aria-current");
      else if (!link.hasAttribute("aria-current")) {
        link.setAttribute("aria-current", "true");
        const strip = link.parentElement;
        strip.scrollLeft = link.offsetLeft - strip.offsetLeft - 40;
      }
    });
    const search = links(chosen);
    keepInAddress(search);
    document.querySelectorAll(BOARDS).forEach((link) => {
      const current = link.parentElement.querySelector("strong");
      if (current && bar && !bar.sawStrip) {
        bar.sawStrip = true;
        link.parentElement.scrollLeft = current.offsetLeft - link.parentElement.offsetLeft - 40;
      }
      const address = link.pathname + search;
      if (link.getAttribute("href") !== address) link.setAttribute("href", address);
      if (TENANT in filters()) globalThis.takingsNavigation?.(link, String(masks()[TENANT]?.filterState?.value ?? ""));
    });
    const compared = chosenOffsets();
    const current = COMPARISONS.findIndex((item) => same(item.offsets, compared));
    const select = bar?.querySelector("select");
    if (select) select.selectedIndex = Math.max(current, 0);
    document.documentElement.classList.toggle("takings-alone", compared?.length === 0);
    showGrain();
    showDays();
    if (range() && range() !== askedFor && !known.has(range())) askAndShow();
  };

  /** Superset's own date filter knows no comparison and no grain: those that were chosen are put back. */
  const keepChoices = () => {
    const compared = chosenOffsets();
    const shown = masks()[DATE]?.extraFormData?.time_grain_sqla;
    const lost = (offsets && !compared) || (grain && !shown);
    offsets = compared ?? offsets;
    grain = shown ?? grain;
    if (lost && range()) setRange(range());
  };

  const begin = () => {
    store = findStore();
    if (!store || !Object.keys(filters()).length) return;
    stopListening();
    stopListening = store.subscribe(() => {
      keepChoices();
      requestAnimationFrame(show);
    });
    document.dispatchEvent(new CustomEvent("takings:state", { detail: store })); // to cross_filters.js
    keepChoices();
    const left = Object.keys(filters()).filter((id) => !REPLACED.includes(id));
    document.documentElement.classList.add("takings-controls");
    document.documentElement.classList.toggle("takings-no-filters", left.length === 0);
  };

  const look = () => {
    const [first] = document.querySelectorAll(PRESETS);
    if (!first) {
      document.documentElement.classList.remove("takings-controls", "takings-no-filters");
      return;
    }
    if (!bar?.isConnected) {
      begin();
      if (store && Object.keys(filters()).length) place(first.parentElement);
    }
    const apply = choosing && document.querySelector(APPLY);
    if (apply) {
      choosing = false;
      apply.click();
    }
    show();
  };

  let planned = false;
  new MutationObserver(() => {
    if (planned) return;
    planned = true;
    requestAnimationFrame(() => {
      planned = false;
      look();
    });
  }).observe(document.documentElement, { childList: true, subtree: true, attributeFilter: ["disabled"] });

  document.addEventListener("click", (event) => {
    const on = (selector) => event.target.closest?.(selector);
    if (!store || !bar?.isConnected) return;
    if (on(".ant-select-item-option, .ant-select-clear, .ant-select-dropdown")) choosing = true;
    const preset = on(PRESETS);
    const plain = event.button === 0 && !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey);
    if (!(preset && plain) && !on(CLEAR)) return;
    event.preventDefault();
    event.stopPropagation();
    if (preset) choose(preset);
    else restoreDefaults();
  }, true);

  // the page may be open over midnight: the same preset then means other days
  setInterval(() => bar?.isConnected && askAndShow(), MINUTE);
  document.addEventListener("visibilitychange", () => bar?.isConnected && askAndShow());
})();
