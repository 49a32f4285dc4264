// fhir-kit-client (https://github.com/Vermonster/fhir-kit-client).
import { Client } from "fhir-kit-client";
import { run } from "./scenario.mjs";

const kit = new Client({ baseUrl: process.env.BASE_URL });
await run("fhir-kit-client", {
  create: (resource) => kit.create({ resourceType: resource.resourceType, body: resource }),
  read: (resourceType, id) => kit.read({ resourceType, id }),
  update: (resource) => kit.update({ resourceType: resource.resourceType, id: resource.id, body: resource }),
  patch: (resourceType, id, jsonPatch) => kit.patch({ resourceType, id, jsonPatch }),
  remove: (resourceType, id) => kit.delete({ resourceType, id }),
  search: (resourceType, searchParams) => kit.search({ resourceType, searchParams }),
  next: (bundle) => kit.nextPage({ bundle }),
  history: (resourceType, id) => kit.history({ resourceType, id }),
  post: (bundle) => kit[bundle.type]({ body: bundle }),
  statusOf: (error) => error.response?.status,
});
