// Modules as they are shipped: compiled, from dist/.

/** The module of dist/ at `path`, for instance `tlsse/server.js`; `Module` is the type of its source. */
export async function built<Module>(path: string): Promise<Module> {
  return (await import(new URL(`../dist/${path}`, import.meta.url).href)) as Module
}
