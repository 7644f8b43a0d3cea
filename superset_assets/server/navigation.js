/* Leaves out the links to dashboards that the chosen tenant's sources cannot fill (navigation.py), for logins that see
 * several tenants. controls.js calls it with each link. */

(() => {
  const ADDRESS = "/takings/navigation";
  const waiting = new Map(); // the tenant of each link that came before the answer
  let hidden; // the slugs by tenant, once they are known
  let isAsked = false;

  const apply = (tenant, link) => {
    const [slug] = link.pathname.split("/").slice(-2);
    link.style.display = (hidden[tenant] ?? []).includes(slug) ? "none" : "";
  };

  const ask = async () => {
    isAsked = true;
    const answer = await fetch(ADDRESS);
    hidden = answer.ok ? await answer.json() : {};
    waiting.forEach(apply);
  };

  globalThis.takingsNavigation = (link, tenant) => {
    if (hidden) apply(tenant, link);
    else waiting.set(link, tenant);
    if (!isAsked) ask().catch(() => {}); // without an answer all links stay
  };
})();
