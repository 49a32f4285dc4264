// fhirclient, the SMART on FHIR JavaScript library (https://github.com/smart-on-fhir/client-js).
import FHIR from "fhirclient";
import { run } from "./scenario.mjs";

const smart = new FHIR.FhirClient(process.env.BASE_URL);
const query = (parameters) => new URLSearchParams(parameters).toString();
const linkOf = (bundle, relation) => bundle.link?.find((link) => link.relation === relation)?.url;
await run("fhirclient", {
  create: (resource) => smart.create(resource),
  read: (type, id) => smart.fhirRequest(`${type}/${id}`),
  update: (resource) => smart.update(resource),
  patch: (type, id, patch) => smart.patch(`${type}/${id}`, patch),
  remove: (type, id) => smart.delete(`${type}/${id}`),
  search: (type, parameters) => smart.fhirRequest(`${type}?${query(parameters)}`),
  next: async (bundle) => {
    const url = linkOf(bundle, "next");
    return url && (await smart.fhirRequest(url));
  },
  history: (type, id) => smart.fhirRequest(`${type}/${id}/_history`),
  post: (bundle) =>
    smart.fhirRequest("/", { method: "POST", body: JSON.stringify(bundle), headers: { "content-type": "application/json" } }),
  statusOf: (error) => error.status ?? error.statusCode,
});
