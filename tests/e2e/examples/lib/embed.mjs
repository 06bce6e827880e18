// The shop of `examples/embed`, which publishes to the hub.
import { expect } from "@playwright/test";

export const SHOP = "https://shop.example";

/** Publishes as the shop would; resolves to the id of the update. */
export async function publish(server, topic, data) {
  const response = await fetch(`${server.url}/.well-known/mercure`, {
    method: "POST",
    headers: { authorization: "Bearer publisher" },
    body: new URLSearchParams({ topic, data: JSON.stringify(data) }),
  });
  expect(response.status).toBe(200);
  return response.text();
}

/** An order is new, or goes on. */
export const order = (server, id, article, status) =>
  publish(server, `${SHOP}/orders/${id}`, { "@type": "Order", id, article, status });

/** So many of an article are left. */
export const stock = (server, article, left) => publish(server, `${SHOP}/stock`, { "@type": "Stock", article, left });
