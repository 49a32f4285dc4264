#include "plugins/service_record_viewer/service.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "plugins/service_record_viewer/banner.h"
#include "plugins/service_record_viewer/error_page.h"
#include "plugins/service_record_viewer/record_source.h"
#include "plugins/service_record_viewer/search_form.h"
#include "plugins/service_record_viewer/search_page.h"
#include "plugins/service_record_viewer/sections.h"
#include "strata/common/v1/common.pb.h"

namespace strata::record_viewer {
namespace {

namespace pb = service::v1;

constexpr std::array<std::string_view, 2> kFiles = {"viewer.css", "favicon.svg"};
constexpr std::size_t kMaxForm = 16 * 1024;
constexpr std::int64_t kSearchLifeUs = std::int64_t{30} * 60 * 1'000'000;
constexpr std::size_t kMatchesPerPage = 20;

// No scripts, no inline styles, nothing from elsewhere: the pages need neither.
constexpr std::string_view kPolicy =
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'";

template <typename T>
T Must(Result<T> result) {
  if (!result.ok()) throw StatusError(result.status());
  return *std::move(result);
}

Seal MakeSeal(const Host& host, const Config& config) {
  if (config.search_secret.empty()) return Seal();
  return Seal(Must(host.Secret(config.search_secret)));
}

// FHIR R4 datatypes.html#id
bool IsId(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.';
  });
}

// Takes the next segment off the front of a path.
std::string_view NextSegment(std::string_view* path) {
  const std::size_t slash = path->find('/');
  const std::string_view segment = path->substr(0, slash);
  path->remove_prefix(slash == std::string_view::npos ? path->size() : slash + 1);
  return segment;
}

struct SectionRoute {
  std::string_view path;
  std::string_view title;
  Result<Html> (*render)(SectionRequest& request);
};
constexpr std::array<SectionRoute, 8> kSections = {
    {{"", "Summary", &SummarySection},
     {"problems", "Problems", &ProblemsSection},
     {"medicines", "Medicines", &MedicinesSection},
     {"allergies", "Allergies", &AllergiesSection},
     {"results", "Results", &ResultsSection},
     {"immunisations", "Immunisations", &ImmunisationsSection},
     {"encounters", "Encounters", &EncountersSection},
     {"documents", "Documents", &DocumentsSection}}};

const SectionRoute* FindSection(std::string_view path) {
  const auto found = std::find_if(kSections.begin(), kSections.end(),
                                  [path](const SectionRoute& route) { return route.path == path; });
  return found == kSections.end() ? nullptr : found;
}

// "page=3" of a query; 1 for anything else.
std::size_t PageNumber(std::string_view query) {
  const auto fields = web::ParseForm(query);
  std::size_t page = 1;
  if (!fields.ok()) return page;
  for (const auto& [name, value] : *fields) {
    std::size_t number = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
    const bool all = error == std::errc() && end == value.data() + value.size();
    if (name == "page" && all && number >= 1 && number < 1'000'000) page = number;
  }
  return page;
}

}  // namespace

struct ViewerService::Exchange {
  Context& context;
  pb::HttpRequestHead head;
  std::string body;
  common::v1::AuthContext auth;
  std::int64_t now_us = 0;

  std::string_view Header(std::string_view name) const {
    for (const pb::Header& header : head.headers()) {
      if (header.name() == name) return header.value();
    }
    return {};
  }
  // Whose search it is: one person's addresses are of no use to another.
  std::string Owner() const { return auth.issuer() + "\n" + auth.subject(); }
};

struct ViewerService::Answer {
  int status = 200;
  std::vector<std::pair<std::string_view, std::string>> headers;
  std::string body;
};

ViewerService::ViewerService(Host host, std::string_view config_json)
    : host_(host),
      config_(Must(ParseConfig(config_json))),
      data_(host, "record"),
      assets_(Must(web::Assets::Load(host.PackageDir(), kFiles))),
      seal_(MakeSeal(host, config_)) {}

Status ViewerService::Describe(Context& /*context*/, const pb::DescribeRequest& /*request*/,
                               pb::DescribeResponse* response) {
  response->set_title("Record viewer");
  pb::Route* pages = response->add_routes();
  pages->set_path("/");
  for (const char* scope : {"patient/*.rs", "user/*.rs", "system/*.rs"}) pages->add_scopes(scope);
  for (const char* method : {"GET", "HEAD", "POST"}) pages->add_methods(method);
  pages->set_max_body_bytes(kMaxForm);
  pb::Route* files = response->add_routes();
  files->set_path("/assets");
  for (const char* method : {"GET", "HEAD"}) files->add_methods(method);
  pb::MenuEntry* entry = response->add_menu();
  entry->set_label("Find a patient");
  entry->set_path("/");
  entry->set_order(10);
  return {};
}

Status ViewerService::Handle(Context& context, Reader<pb::HandleRequest>& reader,
                             Writer<pb::HandleResponse>& writer) {
  pb::HandleRequest part;
  STRATA_ASSIGN_OR_RETURN(bool more, reader.Read(&part));
  if (!more || !part.has_head()) return InvalidArgument("an exchange starts with a head");
  Exchange exchange{
      context, std::move(*part.mutable_head()), std::move(*part.mutable_body()), {}, host_.NowUs()};
  exchange.auth.ParseFromArray(context.Auth().data(), static_cast<int>(context.Auth().size()));
  while (more && !part.end() && exchange.body.size() <= kMaxForm) {
    part.Clear();
    STRATA_ASSIGN_OR_RETURN(more, reader.Read(&part));
    if (more) exchange.body += part.body();
  }
  Answer answer = exchange.body.size() > kMaxForm
                      ? ErrorAnswer(exchange, InvalidArgument("the form is too long"))
                      : Route(exchange);
  pb::HandleResponse response;
  response.mutable_head()->set_status(static_cast<std::uint32_t>(answer.status));
  for (auto& [name, value] : answer.headers) {
    pb::Header* header = response.mutable_head()->add_headers();
    header->set_name(std::string(name));
    header->set_value(std::move(value));
  }
  response.set_body(std::move(answer.body));
  response.set_end(true);
  static_cast<void>(writer.Write(response));  // a client that has gone needs no answer
  return {};
}

ViewerService::Answer ViewerService::Route(const Exchange& exchange) const {
  std::string_view path = exchange.head.path();
  const bool is_post = exchange.head.method() == "POST";
  if (path == "/search" && is_post) return SearchAnswer(exchange);
  if (is_post || (exchange.head.method() != "GET" && exchange.head.method() != "HEAD")) {
    Answer answer = NotFoundAnswer(exchange);
    answer.status = 405;
    answer.headers.emplace_back("allow", path == "/search" ? "GET, HEAD, POST" : "GET, HEAD");
    return answer;
  }
  if (path == "/" || path == "/search") return HomeAnswer(exchange);
  if (path.starts_with("/assets/")) return AssetAnswer(exchange, path.substr(8));
  if (path.starts_with("/search/")) return MatchesAnswer(exchange, path.substr(8));
  if (path.starts_with("/record/")) return RecordAnswer(exchange, path.substr(8));
  return NotFoundAnswer(exchange);
}

ViewerService::Answer ViewerService::AssetAnswer(const Exchange& exchange,
                                                 std::string_view name) const {
  auto file =
      assets_.Answer(name, exchange.Header("if-none-match"), exchange.Header("accept-encoding"));
  if (!file) return NotFoundAnswer(exchange);
  return {file->status, std::move(file->headers), std::string(file->body)};
}

ViewerService::Answer ViewerService::HomeAnswer(const Exchange& exchange) const {
  return PageAnswer(exchange, 200,
                    {"Find a patient", {}, SearchFormPage({}, {}, config_.list_patients)});
}

ViewerService::Answer ViewerService::SearchAnswer(const Exchange& exchange) const {
  const auto fields = web::ParseForm(exchange.body);
  if (!fields.ok()) return ErrorAnswer(exchange, fields.status());
  const auto is_list = [](const auto& field) { return field.first == "list"; };
  const bool list = config_.list_patients && std::any_of(fields->begin(), fields->end(), is_list);
  const SearchForm form = ReadSearchForm(*fields);
  const std::vector<FieldError> errors = list ? std::vector<FieldError>() : CheckSearchForm(form);
  if (!errors.empty()) {
    return PageAnswer(
        exchange, 400,
        {"Error: Find a patient", {}, SearchFormPage(form, errors, config_.list_patients)});
  }
  Answer answer;
  answer.status = 303;
  answer.headers = {{"location", SearchPath(exchange, list ? web::Parameters() : *fields, {})},
                    {"cache-control", "no-store"}};
  return answer;
}

std::string ViewerService::SearchPath(const Exchange& exchange, const web::Parameters& fields,
                                      std::string_view page_token) const {
  std::string text;
  web::AppendParameter("token", page_token, &text);
  for (const auto& [name, value] : fields) {
    if (name != "token") web::AppendParameter(name, value, &text);
  }
  return "/search/" + seal_.Close(text, exchange.Owner(), exchange.now_us + kSearchLifeUs);
}

ViewerService::Answer ViewerService::MatchesAnswer(const Exchange& exchange,
                                                   std::string_view token) const {
  const auto text = seal_.Open(token, exchange.Owner(), exchange.now_us);
  if (!text) {
    Page page{"Search again", {}, {}};
    page.main.Add(Inset(Html("<p>This list of patients is no longer kept. Search again.</p>"_html)),
                  SearchFormPage({}, {}, config_.list_patients));
    return PageAnswer(exchange, 410, page);
  }
  const auto fields = web::ParseForm(*text);
  if (!fields.ok() || fields->empty()) return NotFoundAnswer(exchange);
  Matches matches;
  matches.form = ReadSearchForm(*fields);
  matches.now_us = exchange.now_us;
  matches.first_page = fields->front().second.empty();
  web::Parameters parameters = SearchParameters(matches.form);
  parameters.emplace_back("_count", std::to_string(kMatchesPerPage));
  RecordSource source(data_, exchange.context, config_.max_entries);
  auto found = source.SearchPage("Patient", parameters, fields->front().second);
  if (!found.ok()) return ErrorAnswer(exchange, found.status());
  matches.patients = found->documents;
  matches.total = found->total;
  if (!found->next_page_token.empty()) {
    matches.next_path = SearchPath(exchange, *fields, found->next_page_token);
  }
  return PageAnswer(
      exchange, 200,
      {matches.patients.empty() ? "No patient found" : "Patients", {}, MatchesPage(matches)});
}

ViewerService::Answer ViewerService::RecordAnswer(const Exchange& exchange,
                                                  std::string_view rest) const {
  const std::string patient_id(NextSegment(&rest));
  const std::string_view name = NextSegment(&rest);
  const SectionRoute* section = FindSection(name);
  if (!IsId(patient_id) || section == nullptr) return NotFoundAnswer(exchange);
  RecordSource source(data_, exchange.context, config_.max_entries);
  const auto patient = source.Read("Patient", patient_id);
  if (!patient.ok()) return ErrorAnswer(exchange, patient.status());

  SectionRequest request{source, patient_id, exchange.head.path(), exchange.now_us, {}};
  request.paging = {PageNumber(exchange.head.query()), config_.rows_per_page, 0};
  Result<Html> main = NotFound("no such page");
  const std::string_view detail = NextSegment(&rest);
  if (detail.empty() && rest.empty()) {
    main = section->render(request);
  } else if (name == "results" && rest.empty() && IsId(detail)) {
    main = TrendPage(request, detail);
  } else if (name == "documents" && IsId(rest)) {
    main = DocumentPage(request, detail, rest);
  } else {
    return NotFoundAnswer(exchange);
  }
  if (!main.ok()) return ErrorAnswer(exchange, main.status());
  Page page;
  page.title = std::string(section->title) + " - Patient record";
  page.before.Add(PatientBanner(patient->root(), exchange.now_us), RecordMenu(patient_id, name));
  page.main = *std::move(main);
  return PageAnswer(exchange, 200, page);
}

ViewerService::Answer ViewerService::PageAnswer(const Exchange& exchange, int status,
                                                const Page& page) const {
  web::Frame frame;
  frame.product = config_.product;
  frame.path = exchange.head.path();
  frame.home = "/search";
  frame.stylesheet = assets_.Address("viewer.css");
  frame.favicon = assets_.Address("favicon.svg");
  for (const pb::MenuEntry& entry : exchange.head.menu()) {
    frame.menu.push_back({entry.label(), entry.path()});
  }
  frame.footer =
      " record viewer. It shows what is recorded and does not replace clinical judgement."_html;
  Answer answer;
  answer.status = status;
  answer.headers = {{"content-type", "text/html; charset=utf-8"},
                    {"content-security-policy", std::string(kPolicy)},
                    {"cache-control", "no-store"},
                    {"x-content-type-options", "nosniff"}};
  answer.body = web::RenderDocument(frame, page.title, page.before, page.main);
  return answer;
}

ViewerService::Answer ViewerService::ErrorAnswer(const Exchange& exchange,
                                                 const Status& status) const {
  ErrorPage error = MakeErrorPage(status, exchange.auth.request_id());
  if (error.http_status >= 500) {
    host_.Warning("viewer.page_failed",
                  {{"code", CodeName(status.code())}, {"request_id", exchange.auth.request_id()}});
  }
  return PageAnswer(exchange, error.http_status, error.page);
}

ViewerService::Answer ViewerService::NotFoundAnswer(const Exchange& exchange) const {
  const ErrorPage error = PageNotFound(exchange.auth.request_id());
  return PageAnswer(exchange, error.http_status, error.page);
}

}  // namespace strata::record_viewer
