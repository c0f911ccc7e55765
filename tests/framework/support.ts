/**
 * What the tests of whole apps share.
 * @module
 */
import { type App, type AppOptions, createApp, Module } from "@millrace/millrace/framework";

/** An app of these controllers. */
export function appOf(controllers: readonly (new () => object)[], options?: AppOptions): App {
  @Module({ controllers })
  class AppModule {}
  return createApp(AppModule, options);
}

/** Sends `METHOD /path`, and gives status, text and content type. */
export async function send(
  app: App,
  target: string,
  init?: RequestInit,
): Promise<[number, string, string | null]> {
  const [method, path] = target.split(" ");
  const response = await app.fetch(new Request(`http://localhost${path}`, { method, ...init }));
  return [response.status, await response.text(), response.headers.get("content-type")];
}

/** A request's JSON body; a text as it is. */
export function json(body: unknown): RequestInit {
  return {
    body: typeof body === "string" ? body : JSON.stringify(body),
    headers: { "content-type": "application/json" },
  };
}
